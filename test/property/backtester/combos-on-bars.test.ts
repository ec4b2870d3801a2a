/** Random bars and combos: each trades whole, at opens or closes that were there together, within its limit. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { contractRecord, Engine } from '../../../backtester/engine/engine.ts'
import { percent } from '../../../backtester/engine/models/fees/fees.ts'
import { barNextOpen } from '../../../backtester/engine/models/fill/bar-next-open.ts'
import { none as noLatency } from '../../../backtester/engine/models/latency/latency.ts'
import { none as noSlippage } from '../../../backtester/engine/models/slippage/slippage.ts'
import type { Fill, StrategyContext } from '../../../backtester/engine/strategy.ts'
import type { Bar } from '../../../market/bar.ts'

const MINUTE_US = 60_000_000
const price = fc.integer({ min: 9000, max: 11_000 }).map((cents) => cents / 100)
const prices = fc
  .tuple(price, price, price, price)
  .map(([one, other, open, close]) => ({ open, close, high: Math.max(one, other, open, close), low: Math.min(one, other, open, close) }))
const combo = fc.record({
  ratio: fc.integer({ min: 1, max: 3 }),
  quantity: fc.integer({ min: 1, max: 9 }),
  limit: fc.integer({ min: -300, max: 300 }),
  buysFirst: fc.boolean(),
})
const minute = fc.record({ bars: fc.tuple(fc.option(prices), fc.option(prices)), combos: fc.array(combo, { maxLength: 2 }) })

it('a combo on bars trades whole, at prices that stood together, within its limit, and the account balances', () => {
  let trades = 0
  const run = (minutes: (typeof minute extends fc.Arbitrary<infer T> ? T : never)[]) => {
    const fills: Fill[] = []
    let context: StrategyContext | undefined
    const engine = new Engine({
      cash: 100_000,
      models: { fill: barNextOpen(), latency: noLatency(), slippage: noSlippage(), fees: percent({ percent: 0.01 }) },
      create: (given) => {
        context = given
        return {}
      },
      dateOf: () => '2024-01-02',
      onFill: (fill) => fills.push(fill),
    })
    const limits = new Map<number, { limit: number; givenAt: number }>()
    for (const one of [1, 2]) engine.record(contractRecord(one, { kind: 'stock', symbol: `S${one}`, currency: 'USD' }, 0))
    for (const [index, { bars, combos }] of minutes.entries()) {
      const startUs = (index + 1) * MINUTE_US
      const before = fills.length
      const told = bars.flatMap((one, at): { instrument: number; bar: Bar }[] =>
        one ? [{ instrument: at + 1, bar: { startUs, ...one, volume: 1, vwap: undefined, trades: 1 } }] : [],
      )
      engine.bars(told, startUs + MINUTE_US)
      expect(engine.portfolio.imbalance()).toBe(0)
      engine.advanceTo(startUs + MINUTE_US)
      const traded = fills.slice(before)
      for (let at = 0; at < traded.length; at += 2) {
        const [one, other] = [traded[at], traded[at + 1]] as [Fill, Fill]
        const [first, second] = bars
        const { limit, givenAt } = limits.get(one.orderId) ?? expect.unreachable()
        expect(other.orderId).toBe(one.orderId + 1)
        expect(givenAt).toBeLessThan(index)
        expect([
          [first?.open, second?.open],
          [first?.close, second?.close],
        ]).toContainEqual([one.price, other.price])
        const money = [one, other].reduce((sum, { side, price: at, quantity }) => sum + (side === 'buy' ? 1 : -1) * at * quantity, 0)
        expect(money).toBeLessThanOrEqual(limit * one.quantity + 1e-6)
        trades++
      }
      for (const { ratio, quantity, limit, buysFirst } of combos) {
        const legs = [
          { instrument: 1, side: buysFirst ? 'buy' : 'sell', ratio: 1 },
          { instrument: 2, side: buysFirst ? 'sell' : 'buy', ratio },
        ] as const
        const [id = 0] = context?.orders.submitCombo({ legs, quantity, limit }) ?? []
        limits.set(id, { limit, givenAt: index })
      }
      engine.advanceTo(startUs + MINUTE_US)
    }
    for (const { filled, request } of engine.orders) expect([0, request.quantity]).toContain(filled)
  }
  fc.assert(fc.property(fc.array(minute, { minLength: 2, maxLength: 12 }), run), { numRuns: 200, seed: 5 })
  expect(trades).toBeGreaterThan(100)
})
