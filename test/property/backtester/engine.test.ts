/** Random markets and random orders: the account balances, and nothing is traded that was not there. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { contractRecord, Engine, type EngineOptions } from '../../../backtester/engine/engine.ts'
import { percent } from '../../../backtester/engine/models/fees/fees.ts'
import { mid } from '../../../backtester/engine/models/fill/mid.ts'
import { touch } from '../../../backtester/engine/models/fill/touch.ts'
import { fixed, none as noLatency } from '../../../backtester/engine/models/latency/latency.ts'
import { linear, none as noSlippage } from '../../../backtester/engine/models/slippage/slippage.ts'
import type { Order, OrderRequest } from '../../../backtester/engine/orders.ts'
import type { Fill, StrategyContext } from '../../../backtester/engine/strategy.ts'
import type { Quote } from '../../../market/tick.ts'
import { seeded } from '../../support/random.ts'

const cents = (from: number, to: number) => fc.integer({ min: from, max: to }).map((value) => value / 100)
const quantity = fc.integer({ min: 1, max: 40 })
const instrument = fc.constantFrom(1, 2)

const terms = fc.oneof(
  fc.constant({ type: 'market' as const }),
  fc.record({ type: fc.constant('limit' as const), limit: cents(900, 1100) }),
  fc.record({ type: fc.constant('stop' as const), stop: cents(900, 1100) }),
  fc.record({ type: fc.constant('stop-limit' as const), stop: cents(900, 1100), limit: cents(900, 1100) }),
  fc.record({ type: fc.constant('trailing-stop' as const), distance: cents(1, 50), of: fc.constant('money' as const) }),
)
const request = fc
  .tuple(
    terms,
    fc.record({ instrument, side: fc.constantFrom('buy' as const, 'sell' as const), quantity }),
    fc.option(fc.constantFrom('a', 'b')),
  )
  .map(([one, rest, group]): OrderRequest => ({ ...one, ...rest, ...(group ? { oneCancelsOther: group } : {}) }))

interface Step {
  instrument: number
  bid: number
  width: number
  bidSize: number
  askSize: number
  orders: OrderRequest[]
  /** Of the order so many before the last one. */
  cancel: number | null
}

const step: fc.Arbitrary<Step> = fc.record({
  instrument,
  bid: cents(900, 1100),
  width: cents(0, 20),
  bidSize: fc.integer({ min: 0, max: 30 }),
  askSize: fc.integer({ min: 0, max: 30 }),
  orders: fc.array(request, { maxLength: 2 }),
  cancel: fc.option(fc.nat(3)),
})

const quoteOf = ({ instrument: of, bid, width, bidSize, askSize }: Step, index: number): Quote => ({
  kind: 'quote',
  instrument: of,
  tsUs: (index + 1) * 1_000_000,
  seq: index + 1,
  bidPrice: bid,
  askPrice: Math.round((bid + width) * 100) / 100,
  bidSize,
  askSize,
})

/** Runs the steps; `check` is called behind each fill and each quote. */
function run(
  steps: readonly Step[],
  models: EngineOptions['models'],
  check: (engine: Engine, fill: Fill | undefined, quote: Quote) => void,
) {
  let current: { quote: Quote; step: Step } | undefined
  const engine: Engine = new Engine({
    cash: 100_000,
    models,
    create: (context) => ({ onQuote: () => current && act(context, current.step) }),
    dateOf: () => '2024-01-02',
    onFill: (fill) => {
      if (current) check(engine, fill, current.quote)
    },
  })
  for (const one of [1, 2]) engine.record(contractRecord(one, { kind: 'stock', symbol: `S${one}`, currency: 'USD' }, 0))
  for (const [index, one] of steps.entries()) {
    const quote = quoteOf(one, index)
    current = { quote, step: one }
    engine.record(quote)
    check(engine, undefined, quote)
  }
  return engine
}

function act({ orders }: StrategyContext, { orders: given, cancel }: Step): void {
  const last = given.map((order) => orders.submit(order)).at(-1) ?? 1
  if (cancel !== null) orders.cancel(last - cancel)
}

const plain = () => ({ fill: touch(), latency: noLatency(), slippage: noSlippage(), fees: percent({ percent: 0.01 }) })

describe('an engine with random quotes and orders', () => {
  it('balances to the unit after every event, whatever the models', () => {
    const models = fc.constantFrom<() => EngineOptions['models']>(
      plain,
      () => ({ ...plain(), fill: mid({ probability: 0.5, random: seeded(1) }), slippage: linear({ basisPoints: 3 }) }),
      () => ({ ...plain(), latency: fixed({ feedMs: 700, orderMs: 1300 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), models, (steps, of) => {
        run(steps, of(), (engine) => expect(engine.portfolio.imbalance()).toBe(0))
      }),
    )
  })

  it('trades only at prices that were there, within limits, and no more than was shown', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        /** Of each instrument: the standing quote, and what was taken of it. */
        const standing = new Map<number, { quote: Quote; bought: number; sold: number }>()
        run(steps, plain(), (engine, fill, quote) => {
          const before = standing.get(quote.instrument)
          const isSame = before?.quote.bidPrice === quote.bidPrice && before?.quote.bidSize === quote.bidSize
          if (!before || !isSame || before.quote.askPrice !== quote.askPrice || before.quote.askSize !== quote.askSize) {
            const sameAsk = before && before.quote.askPrice === quote.askPrice && before.quote.askSize === quote.askSize
            standing.set(quote.instrument, { quote, bought: sameAsk ? before.bought : 0, sold: isSame ? (before?.sold ?? 0) : 0 })
          }
          if (!fill) return
          const order = engine.orders[fill.orderId - 1] as Order
          const stood = standing.get(fill.instrument)
          if (!stood) throw new Error('a fill without a quote')
          const touched = fill.side === 'buy' ? stood.quote.askPrice : stood.quote.bidPrice
          const limit = 'limit' in order.request ? order.request.limit : undefined
          // A taker pays the touch. Who rests is paid the own limit, which the other side has reached.
          if (fill.isTaker) expect(fill.price).toBe(touched)
          else expect(fill.price).toBe(limit)
          if (limit !== undefined && touched !== undefined)
            expect(fill.side === 'buy' ? fill.price <= limit && touched <= limit : fill.price >= limit && touched >= limit).toBe(true)
          if (fill.side === 'buy') stood.bought += fill.quantity
          else stood.sold += fill.quantity
          expect(stood.bought).toBeLessThanOrEqual(stood.quote.askSize ?? 0)
          expect(stood.sold).toBeLessThanOrEqual(stood.quote.bidSize ?? 0)
          expect(order.filled).toBeLessThanOrEqual(order.request.quantity)
        })
      }),
      { numRuns: 300 },
    )
  })

  it('gives up to any moment the same fills, whatever comes later', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(30), (steps, cut) => {
        const fillsOf = (part: readonly Step[]) => {
          const fills: Fill[] = []
          run(part, { ...plain(), latency: fixed({ feedMs: 100, orderMs: 300 }) }, (_, fill) => {
            if (fill) fills.push(fill)
          })
          return fills
        }
        const early = fillsOf(steps.slice(0, cut))
        expect(fillsOf(steps).slice(0, early.length)).toEqual(early)
      }),
    )
  })

  it('leaves the trades of a strategy that does not look at fees as they are when fees double, and costs exactly their sum', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const with_ = (fee: number) => {
          const fills: Fill[] = []
          const engine = run(steps, { ...plain(), fees: percent({ percent: fee }) }, (_, fill) => {
            if (fill) fills.push(fill)
          })
          const charged = fills.reduce((sum, { commission }) => sum + Math.round(commission * 10_000), 0)
          return { trades: fills.map(({ commission: _commission, ...trade }) => trade), charged, equity: engine.portfolio.equity }
        }
        const [none, once, twice] = [with_(0), with_(0.5), with_(1)]
        expect(once.trades).toEqual(none.trades)
        expect(twice.trades).toEqual(none.trades)
        expect(none.equity - once.equity).toBe(once.charged)
        expect(none.equity - twice.equity).toBe(twice.charged)
      }),
    )
  })
})
