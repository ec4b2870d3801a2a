import { describe, expect, it } from 'vitest'

import { summarise } from '../../../../backtester/metrics/summary.ts'
import { byHour, byInstrument } from '../../../../backtester/report/attribution.ts'
import { equityChart, histogram, rollingSharpeChart } from '../../../../backtester/report/charts.ts'
import { CSV_TABLES, runCsv } from '../../../../backtester/report/csv.ts'
import { pricesOf } from '../../../../backtester/report/prices.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import { busyRun, fill, runResult } from '../../../support/backtest/run-result.ts'

const run = busyRun({ days: 100 })
const summary = summarise(run, { intervals: false })
const net = summary.trips.reduce((sum, trip) => sum + trip.net, 0) / 10_000

describe('a result', () => {
  it('is shared out among instruments and hours, and both add up to it', () => {
    for (const rows of [byInstrument(run, summary.trips), byHour(summary.trips, nyse)]) {
      expect(rows.length).toBeGreaterThan(1)
      expect(rows.reduce((sum, row) => sum + row.net, 0)).toBeCloseTo(net, 6)
      expect(rows.reduce((sum, row) => sum + row.trades, 0)).toBe(summary.trips.length)
    }
    expect(byHour(summary.trips, nyse)[0]?.name).toBe('09:00')
  })

  it('is a table of CSV each, whose fields can hold anything', () => {
    for (const table of CSV_TABLES) {
      const [head = '', ...rows] = runCsv(table, run, summary).trimEnd().split('\n')
      expect(rows.length, table).toBeGreaterThan(0)
      expect(
        rows.every((row) => row.split(',').length === head.split(',').length),
        table,
      ).toBe(true)
    }
    const [order] = run.orders
    if (!order) expect.unreachable()
    const odd = { ...run, orders: [{ ...order, reason: 'no "price", none\nat all' }] }
    expect(runCsv('orders', odd, summary)).toContain(',"no ""price"", none\nat all"\n')
    expect(runCsv('fills', run, summary).split('\n')[1]).toContain('2014-01-')
  })
})

describe('charts', () => {
  it('keep the highest and the lowest of a long series', () => {
    const equity = Array.from({ length: 50_000 }, (_, i) => ({
      tsUs: i * 1_000_000,
      cash: 0,
      equity: i === 31_111 ? 5 : i === 41_111 ? 900 : 100,
      exposure: 0,
    }))
    const values = equityChart(runResult({ equity }))?.series[1]?.values ?? []
    expect(values.length).toBeLessThanOrEqual(4000)
    expect([Math.min(...values), Math.max(...values)]).toEqual([5, 900])
  })

  it('count each day once in the histogram, and leave out what would say nothing', () => {
    expect(histogram(summary)?.series[0]?.values.reduce((sum, count) => sum + count, 0)).toBe(100)
    expect(histogram({ days: [] })).toBeUndefined()
    expect(equityChart(runResult())).toBeUndefined()
    expect(rollingSharpeChart([{ name: 'a', days: summary.days.slice(0, 10) }])).toBeUndefined()
  })

  it('know no price where what was held is gone by the evening, which the last point of the account counts', () => {
    const at = (s: number) => s * 1_000_000
    const fills = [fill({ orderId: 1, side: 'buy', quantity: 10, price: 5, tsUs: at(1) })]
    const equity = [1, 2, 3].map((s) => ({ tsUs: at(s), cash: s < 3 ? 50 : 100, equity: 100, exposure: s < 3 ? 50 : 0 }))
    const gone = {
      tsUs: at(90),
      kind: 'expiry',
      message: 'Expired.',
      instrument: 1,
      details: { moves: [{ instrument: 1, quantity: -10, price: 5 }] },
    }
    expect(pricesOf(runResult({ fills, equity, events: [gone] }), 1).map(({ tsUs, price }) => [tsUs / 1_000_000, price])).toEqual([
      [1, 5],
      [1, 5],
      [2, 5],
    ])
  })

  it('know prices where it traded, and from the account while it held nothing else', () => {
    const at = (s: number) => s * 1_000_000
    const fills = [
      fill({ orderId: 1, side: 'buy', quantity: 10, price: 5, tsUs: at(1) }),
      fill({ orderId: 2, instrument: 2, side: 'buy', quantity: 1, price: 7, tsUs: at(3) }),
    ]
    const equity = [1, 2, 3].map((s) => ({ tsUs: at(s), cash: 50, equity: 100 + s * 10, exposure: 50 }))
    const gone = {
      tsUs: at(2),
      kind: 'expiry',
      message: 'Expired.',
      instrument: 1,
      details: { moves: [{ instrument: 1, quantity: -10, price: 0 }] },
    }
    expect(pricesOf(runResult({ fills, equity, events: [gone] }), 1).map(({ price }) => price)).toEqual([5, 6])
    expect(pricesOf(runResult({ fills, equity }), 1).map(({ tsUs, price }) => [tsUs / 1_000_000, price])).toEqual([
      [1, 5],
      [1, 6],
      [2, 7],
    ])
  })
})
