/** Random days: trades, splits, dividends, delistings, exercise, assignment, expiries, nights and gaps. The account balances after every one of them, and what the run tells of leads to it. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { contractRecord, Engine } from '../../../backtester/engine/engine.ts'
import { ibTiered } from '../../../backtester/engine/models/fees/ib.ts'
import { touch } from '../../../backtester/engine/models/fill/touch.ts'
import { fixed as fixedFinancing } from '../../../backtester/engine/models/financing/financing.ts'
import { none as noLatency } from '../../../backtester/engine/models/latency/latency.ts'
import type { AccountEvent } from '../../../backtester/engine/events.ts'
import { regT } from '../../../backtester/engine/models/margin/reg-t.ts'
import { linear } from '../../../backtester/engine/models/slippage/slippage.ts'
import type { OrderRequest } from '../../../backtester/engine/orders.ts'
import type { Fill, StrategyContext } from '../../../backtester/engine/strategy.ts'
import { movementsOf } from '../../../backtester/metrics/movements.ts'
import { matchFills } from '../../../backtester/metrics/round-trips.ts'
import { runEvent } from '../../../backtester/run/events.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { type Contract, multiplierOf, type OptionContract } from '../../../market/contract.ts'
import { addDays } from '../../../market/time.ts'

const [STOCK, CALL, PUT, INDEX, INDEX_CALL, LATER_CALL] = [1, 2, 3, 4, 5, 6] as const
const FIRST = '2024-03-04'
const HOUR_US = 3_600_000_000
const TRADED = [STOCK, CALL, PUT, INDEX_CALL, LATER_CALL] as const

const option = (more: Partial<OptionContract>): OptionContract => ({
  kind: 'option',
  symbol: 'XYZ',
  currency: 'USD',
  expiry: '2024-03-15',
  strike: 50,
  right: 'C',
  multiplier: 100,
  tradingClass: 'XYZ',
  ...more,
})

/** Two for one makes the first call the last one. */
const CONTRACTS: readonly [number, Contract][] = [
  [STOCK, { kind: 'stock', symbol: 'XYZ', currency: 'USD' }],
  [INDEX, { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }],
  [CALL, option({})],
  [PUT, option({ right: 'P', strike: 45 })],
  [INDEX_CALL, option({ symbol: 'SPX', tradingClass: 'SPX', strike: 40 })],
  [LATER_CALL, option({ strike: 25 })],
]

const day = fc.integer({ min: 0, max: 14 }).map((days) => addDays(FIRST, days))
const action = fc.oneof(
  fc.record({
    kind: fc.constant('split' as const),
    instrument: fc.constant(STOCK),
    exDate: day,
    ratio: fc.constantFrom(2, 3, 0.1, 1.5, 1 / 3),
  }),
  fc.record({
    kind: fc.constant('dividend' as const),
    instrument: fc.constant(STOCK),
    exDate: day,
    amount: fc.constantFrom(0.01, 0.3333, 2.5),
  }),
  fc.record({
    kind: fc.constant('delisting' as const),
    instrument: fc.constant(STOCK),
    lastDate: day,
    price: fc.constantFrom(undefined, 0, 12.34),
  }),
)
const order = fc
  .record({
    instrument: fc.constantFrom(...TRADED),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    quantity: fc.integer({ min: 1, max: 30 }),
    timeInForce: fc.constantFrom('day' as const, 'gtc' as const, 'ioc' as const, 'fok' as const),
  })
  .chain((rest) =>
    fc.oneof(
      fc.constantFrom('market' as const, 'on-open' as const, 'on-close' as const).map((type): OrderRequest => ({ type, ...rest })),
      fc.integer({ min: 100, max: 9000 }).map((cents): OrderRequest => ({ type: 'limit', limit: cents / 100, ...rest })),
    ),
  )
const step = fc.record({
  days: fc.constantFrom(0, 0, 0, 1, 2),
  hour: fc.integer({ min: 6, max: 19 }),
  instrument: fc.constantFrom(STOCK, CALL, PUT, INDEX, INDEX_CALL, LATER_CALL),
  cents: fc.integer({ min: 100, max: 9000 }),
  size: fc.integer({ min: 1, max: 60 }),
  orders: fc.array(order, { maxLength: 2 }),
  exercise: fc.boolean(),
  combo: fc.boolean(),
  gap: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function act({ orders }: StrategyContext, { orders: given, exercise, combo }: Step): void {
  for (const request of given) orders.submit(request)
  if (exercise) orders.exercise(CALL, 1)
  const legs = [
    { instrument: STOCK, side: 'buy', ratio: 100 },
    { instrument: CALL, side: 'sell', ratio: 1 },
  ] as const
  if (combo) orders.submitCombo({ legs, quantity: 1, limit: 6000 })
}

/** Adds up what was told, and nothing else. */
function expectToLeadTo({ portfolio }: Engine, fills: readonly Fill[], events: readonly AccountEvent[]): void {
  const contracts = new Map(CONTRACTS)
  const instruments = CONTRACTS.map(([instrument, contract]) => ({ instrument, contract }))
  const movements = movementsOf({ instruments, fills, events: events.map(runEvent) })
  const held = new Map<number, number>()
  let cash = 200_000
  for (const event of events) if (event.kind === 'dividend' || event.kind === 'interest' || event.kind === 'borrow') cash += event.amount
  for (const movement of movements) {
    const { instrument } = movement
    const before = held.get(instrument) ?? 0
    if ('ratio' in movement) held.set(instrument, before * movement.ratio)
    else if ('to' in movement) {
      held.set(movement.to, (held.get(movement.to) ?? 0) + before)
      held.delete(instrument)
    } else {
      const quantity = movement.side === 'buy' ? movement.quantity : -movement.quantity
      held.set(instrument, before + quantity)
      cash -= quantity * movement.price * multiplierOf(contracts.get(instrument) as Contract) + movement.cost / 10_000
    }
  }
  expect(portfolio.cash / 10_000).toBeCloseTo(cash, 1)
  const positions = [...portfolio.positions()]
  for (const { instrument, quantity } of positions) expect(held.get(instrument)).toBeCloseTo(quantity, 5)
  expect(new Set(matchFills(movements).open)).toEqual(new Set(positions.map(({ instrument }) => instrument)))
}

it('an account balances to the unit through any days', () => {
  const kinds = new Set<string>()
  const run = (steps: readonly Step[], actions: readonly (typeof action extends fc.Arbitrary<infer T> ? T : never)[]) => {
    let current: Step | undefined
    const [fills, events]: [Fill[], AccountEvent[]] = [[], []]
    const balances = () => {
      const units = engine.portfolio.imbalance()
      if (units !== 0) throw new Error(`the account is off by ${units}`)
    }
    const engine: Engine = new Engine({
      cash: 200_000,
      models: {
        fill: touch(),
        latency: noLatency(),
        slippage: linear({ basisPoints: 7 }),
        fees: ibTiered(),
        margin: regT(),
        financing: fixedFinancing({ credit: 0.0123, debit: 0.0777, borrow: 0.0311 }),
      },
      create: (context) => ({ onQuote: () => current && act(context, current) }),
      dateOf: (tsUs) => nyse.zone.dateOf(tsUs),
      calendar: nyse,
      onFill: (fill) => {
        fills.push(fill)
        balances()
      },
      onEvent: (event) => {
        events.push(event)
        kinds.add(event.kind)
        // Within an event with several bookings the others follow; each by itself balances.
        balances()
      },
    })
    for (const [instrument, contract] of CONTRACTS) engine.record(contractRecord(instrument, contract, 0))
    for (const one of actions) engine.action(one)
    let [date, tsUs] = [FIRST, 0]
    for (const [seq, one] of steps.entries()) {
      date = addDays(date, one.days)
      tsUs = Math.max(tsUs + 1, nyse.zone.toUs(date, 0) + one.hour * HOUR_US)
      current = one
      const [price, { instrument, size }] = [one.cents / 100, one]
      if (one.gap) engine.record({ kind: 'session', event: 'interrupted', tsUs, seq, cause: 'cut', fromTsUs: tsUs - 1 })
      if (instrument === INDEX) engine.record({ kind: 'trade', instrument, tsUs, seq, price, source: 'import' })
      else
        engine.record({ kind: 'quote', instrument, tsUs, seq, bidPrice: price, askPrice: price + 0.03, bidSize: size, askSize: size * 2 })
      balances()
    }
    engine.advanceTo(nyse.zone.toUs(addDays(date, 20), 0))
    balances()
    engine.finish()
    expectToLeadTo(engine, fills, events)
    // Every option has come to its end.
    for (const { instrument } of engine.portfolio.positions()) expect(engine.contract(instrument)?.kind).toBe('stock')
  }
  fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.array(action, { maxLength: 4 }), run), {
    numRuns: 100,
    seed: 11,
  })
  // The days were not empty ones.
  expect([...kinds].sort()).toEqual(
    [
      'assignment',
      'borrow',
      'delisting',
      'dividend',
      'exercise',
      'expiry',
      'gap',
      'interest',
      'liquidation',
      'margin-call',
      'renumbered',
      'split',
      'warning',
    ].sort(),
  )
})
