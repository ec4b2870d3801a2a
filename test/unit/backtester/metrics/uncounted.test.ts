/** Time that does not count in a run, as the embargo of a training. */

import { expect, it } from 'vitest'

import { summarise } from '../../../../backtester/metrics/summary.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { atNewYork, fill, runResult } from '../../../support/backtest/run-result.ts'

const DAYS = nyse.sessions('2014-06-02', '2014-06-13')
const UNCOUNTED = [{ fromUs: atNewYork('2014-06-09', 0), toUs: atNewYork('2014-06-11', 0) }]
const openOf = (day: number) => DAYS[day]?.openUs ?? expect.unreachable()
const closeOf = (day: number) => DAYS[day]?.closeUs ?? expect.unreachable()
const order = (id: number, givenUs: number) => ({
  id,
  request: { type: 'market', side: 'buy', instrument: 1, quantity: 100 } as const,
  givenUs,
  status: 'filled' as const,
  filled: 100,
  reason: undefined,
})

/** Ten days; in the sixth and the seventh, which do not count, so much is left of 100,000, and so many orders are filled. */
function runOf(left: [number, number], trades: number) {
  const factor = left[1] / 101_000
  const values = [100_000, 102_000, 101_000, 103_000, 101_000, ...left, 102_000 * factor, 104_000 * factor, 103_000 * factor]
  const ids = Array.from({ length: trades }, (_, index) => index + 2)
  return runResult({
    settings: { ...runResult().settings, range: { uncounted: UNCOUNTED } },
    equity: values.map((equity, day) => ({ tsUs: closeOf(day), cash: equity / 2, equity, exposure: equity / 2 })),
    orders: [order(1, openOf(1)), ...ids.map((id) => order(id, openOf(5)))],
    fills: [
      fill({ orderId: 1, side: 'buy', quantity: 100, price: 10, tsUs: openOf(1) }),
      ...ids.map((orderId) => fill({ orderId, side: 'buy', quantity: 100, price: 10, tsUs: openOf(5) })),
    ],
    costs: { commission: 1 + trades, borrow: 0, interest: 0, 'dividend-owed': 0 },
  })
}

it('Whatever comes of days that do not count changes no figure', () => {
  const { figures } = summarise(runOf([60_000, 50_000], 3), { intervals: false })
  const { figures: others } = summarise(runOf([150_000, 160_000], 0), { intervals: false })
  for (const [name, value] of Object.entries(figures))
    if (Number.isNaN(value)) expect(others[name], name).toBeNaN()
    else expect(others[name], name).toBeCloseTo(value, 8)
  expect(figures).toMatchObject({ start: 100_000, end: 103_000, netProfit: 3000, orders: 1, fills: 1, tradingDays: 8, calendarDays: 10 })
  expect(figures).toMatchObject({ costs: Number.NaN, income: Number.NaN, costShare: Number.NaN, longestDrawdownDays: 3 })
  expect(figures['totalReturn']).toBeCloseTo(0.03, 12)
  expect(figures['maxIntradayDrawdown']).toBeCloseTo(101 / 103 - 1, 12)
  expect(figures['timeInMarket']).toBe(1)
})

it('Days that do not count at the begin leave the start as it is', () => {
  const run = runOf([101_000, 101_000], 0)
  const early = { ...run, settings: { ...run.settings, range: { uncounted: [{ fromUs: openOf(0), toUs: closeOf(1) }] } } }
  const { figures } = summarise(early, { intervals: false })
  expect(figures).toMatchObject({ start: 100_000, tradingDays: 8, calendarDays: 10, orders: 0 })
  expect(figures['netProfit']).toBeCloseTo((100_000 * 103) / 102 - 100_000, 4)
})
