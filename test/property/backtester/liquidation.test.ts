/** Random markets that turn against an account: once the broker has looked, it is covered, or nothing that it holds can be traded. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { contractRecord, Engine } from '../../../backtester/engine/engine.ts'
import { percent } from '../../../backtester/engine/models/fees/fees.ts'
import { touch } from '../../../backtester/engine/models/fill/touch.ts'
import { none as noLatency } from '../../../backtester/engine/models/latency/latency.ts'
import type { Holding } from '../../../backtester/engine/models/margin/margin.ts'
import { regT } from '../../../backtester/engine/models/margin/reg-t.ts'
import { none as noSlippage } from '../../../backtester/engine/models/slippage/slippage.ts'
import type { Fill } from '../../../backtester/engine/strategy.ts'
import type { Contract } from '../../../market/contract.ts'
import type { Quote } from '../../../market/tick.ts'

const STOCK: Contract = { kind: 'stock', symbol: 'XYZ', currency: 'USD' }
const option = (right: 'C' | 'P', strike: number): Contract => ({
  kind: 'option',
  symbol: 'XYZ',
  currency: 'USD',
  expiry: '2024-03-15',
  strike,
  right,
  multiplier: 100,
  tradingClass: 'XYZ',
})
const CONTRACTS = [STOCK, option('C', 50), option('C', 55), option('P', 50), option('P', 45)]
const SECOND_US = 1_000_000

const order = fc.record({
  instrument: fc.nat(CONTRACTS.length - 1),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  quantity: fc.integer({ min: 1, max: 400 }),
})
const step = fc.record({
  spot: fc.integer({ min: 20, max: 90 }),
  /** Of the options, above what they are worth at once. */
  premium: fc.integer({ min: 0, max: 20 }),
  sizes: fc.array(fc.constantFrom(0, 1, 7, 500), { minLength: 2 * CONTRACTS.length, maxLength: 2 * CONTRACTS.length }),
  orders: fc.array(order, { maxLength: 3 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function quoteOf(instrument: number, { spot, premium, sizes }: Step, tsUs: number): Quote {
  const contract = CONTRACTS[instrument] as Contract
  const intrinsic = contract.kind === 'option' ? Math.max(0, (spot - contract.strike) * (contract.right === 'C' ? 1 : -1)) : spot
  const price = contract.kind === 'option' ? intrinsic + premium / 10 : intrinsic
  const [bidSize, askSize] = [sizes[2 * instrument], sizes[2 * instrument + 1]]
  return { kind: 'quote', instrument, tsUs, seq: tsUs, bidPrice: price, askPrice: price + 0.05, bidSize, askSize }
}

it('an account is covered after a liquidation, or holds nothing that can be traded', () => {
  let [liquidations, remains] = [0, 0]
  const run = (steps: readonly Step[]) => {
    const standing = new Map<number, Quote>()
    const taken = new Map<string, number>()
    let submit: (request: Step['orders'][number]) => number = () => 0
    const onFill = ({ instrument, side, quantity }: Fill) =>
      taken.set(`${instrument} ${side}`, (taken.get(`${instrument} ${side}`) ?? 0) + quantity)
    const engine = new Engine({
      cash: 10_000,
      models: { fill: touch(), latency: noLatency(), slippage: noSlippage(), fees: percent({ percent: 0.05 }), margin: regT() },
      create: ({ orders }) => {
        submit = (request) => orders.submit({ type: 'market', timeInForce: 'ioc', ...request })
        return {}
      },
      dateOf: () => '2024-03-05',
      onFill,
      onEvent: ({ kind }) => (liquidations += Number(kind === 'liquidation')),
    })
    for (const [instrument, contract] of CONTRACTS.entries()) engine.record(contractRecord(instrument, contract, 0))
    const midOf = (instrument: number) => {
      const { bidPrice = 0, askPrice = 0 } = standing.get(instrument) as Quote
      return (bidPrice + askPrice) / 2
    }
    const show = (quote: Quote) => {
      const before = standing.get(quote.instrument)
      for (const [side, shown, was] of [
        ['buy', quote.askSize, before?.askSize],
        ['sell', quote.bidSize, before?.bidSize],
      ] as const)
        if (before?.bidPrice !== quote.bidPrice || shown !== was) taken.set(`${quote.instrument} ${side}`, 0)
      standing.set(quote.instrument, quote)
      engine.record(quote)
    }
    const check = () => {
      const positions = [...engine.portfolio.positions()]
      const holdings = positions.map(
        ({ instrument, quantity, mark }): Holding => ({
          contract: CONTRACTS[instrument] as Contract,
          quantity,
          mark,
          underlyingPrice: midOf(0),
        }),
      )
      const canTrade = positions.some(({ instrument, quantity }) => {
        const { bidSize = 0, askSize = 0 } = standing.get(instrument) as Quote
        const side = quantity > 0 ? 'sell' : 'buy'
        return (side === 'sell' ? bidSize : askSize) > (taken.get(`${instrument} ${side}`) ?? 0)
      })
      const isCovered = engine.portfolio.equity >= regT().maintenance(holdings)
      if (!isCovered) remains++
      expect(isCovered || !canTrade).toBe(true)
      expect(engine.portfolio.imbalance()).toBe(0)
    }
    let tsUs = SECOND_US
    for (const one of steps) {
      for (const instrument of CONTRACTS.keys()) show(quoteOf(instrument, one, ++tsUs))
      // The broker looks again within a second.
      engine.advanceTo((tsUs += 2 * SECOND_US))
      check()
      for (const request of one.orders) submit(request)
      engine.advanceTo(tsUs)
    }
  }
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), run), { numRuns: 100, seed: 3 })
  expect(liquidations).toBeGreaterThan(30)
  expect(remains).toBeGreaterThan(0)
})
