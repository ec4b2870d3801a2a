import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { movementsOf } from '../../../../backtester/metrics/movements.ts'
import { matchFills, roundTrips } from '../../../../backtester/metrics/round-trips.ts'
import { summarise } from '../../../../backtester/metrics/summary.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { atNewYork, busyRun, fill, runResult } from '../../../support/backtest/run-result.ts'

const at = (date: string, equity: number, exposure = 0, hours = 16) => ({
  tsUs: atNewYork(date, hours),
  cash: equity - exposure,
  equity,
  exposure,
})

/** Monday to Friday: bought for 50,000 on Monday at noon, sold on Wednesday at the close. */
const week = runResult({
  equity: [
    at('2014-06-02', 100_000, 0, 10),
    at('2014-06-02', 99_999, 50_000, 12),
    at('2014-06-02', 101_000, 51_000),
    at('2014-06-03', 90_000, 40_000, 12),
    at('2014-06-03', 99_000, 49_000),
    at('2014-06-04', 102_000),
    at('2014-06-05', 102_000),
    at('2014-06-06', 102_000),
  ],
  fills: [
    fill({ orderId: 1, side: 'buy', quantity: 1000, price: 50, tsUs: atNewYork('2014-06-02', 12) }),
    fill({ orderId: 2, side: 'sell', quantity: 1000, price: 52.002, tsUs: atNewYork('2014-06-04', 16) }),
  ],
  costs: { commission: 2, borrow: 0, interest: 0, 'dividend-owed': 0 },
})

describe('the summary of a run', () => {
  it('has no returns and no ratios where the equity was gone: what came next would be a gain that is a loss', () => {
    const equity = [at('2014-06-02', 50_000), at('2014-06-03', -50_000), at('2014-06-04', -90_000), at('2014-06-05', 20_000)]
    const { figures, days, intervals } = summarise(runResult({ equity }))
    expect(days.map((day) => day.return)).toEqual([-0.5, -2, Number.NaN, Number.NaN])
    expect(figures).toMatchObject({ netProfit: -80_000, maxDrawdown: -1.9, maxIntradayDrawdown: -1.9, tradingDays: 4 })
    for (const name of ['totalReturn', 'annualReturn', 'sharpe', 'sortino', 'volatility', 'bestDay', 'calmar', 'stability'])
      expect(figures[name], name).toBeNaN()
    expect(intervals).toEqual({})
    const benchmark = days.map(({ date }, index) => ({ date, value: 100 + index }))
    const against = summarise(runResult({ equity }), { benchmark }).figures
    for (const name of ['alpha', 'beta', 'upCapture', 'informationRatio']) expect(against[name], name).toBeNaN()
  })

  it('has known answers', () => {
    const { figures, days, trips, open } = summarise(week)
    expect(days.map(({ date, value }) => [date, value])).toEqual([
      ['2014-06-02', 101_000],
      ['2014-06-03', 99_000],
      ['2014-06-04', 102_000],
      ['2014-06-05', 102_000],
      ['2014-06-06', 102_000],
    ])
    expect(figures).toMatchObject({
      start: 100_000,
      end: 102_000,
      netProfit: 2000,
      costs: 2,
      tradingDays: 5,
      calendarDays: 5,
      trades: 1,
      fills: 2,
    })
    const close = (name: string, value: number) => expect(figures[name], name).toBeCloseTo(value, 10)
    close('totalReturn', 0.02)
    close('annualReturn', 1.02 ** (252 / 5) - 1)
    close('calendarAnnualReturn', 1.02 ** (365.25 / 5) - 1)
    close('maxDrawdown', 99 / 101 - 1)
    close('maxDrawdownDays', 2 - 0)
    close('maxIntradayDrawdown', 90 / 101 - 1)
    close('turnover', ((50_000 + 52_002) / 101_200) * (252 / 5))
    close('expectancy', 2000)
    close('costShare', 2 / 2002)
    close('meanHoldingMs', 52 * 3_600_000)
    // 52 of the 102 hours from Monday, 10:00, to Friday, 16:00.
    close('timeInMarket', 52 / 102)
    expect(figures['profitFactor']).toBeNaN()
    expect([trips.length, open]).toEqual([1, []])
  })

  it('has every figure under the name that docs/metrics.md defines', () => {
    const benchmark = summarise(week).days.map(({ date, value }) => ({ date, value }))
    const page = readFileSync(join(packageRoot(), 'docs', 'metrics.md'), 'utf8')
    const missing = Object.keys(summarise(week, { benchmark }).figures).filter((name) => !page.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  it('compares with a benchmark on the days that both have, and refuses one of another time', () => {
    const market = ['2014-05-30', '2014-06-02', '2014-06-03', '2014-06-04', '2014-06-06'].map((date, index) => ({
      date,
      value: [100, 101, 100, 102, 103][index] ?? 0,
    }))
    const { figures } = summarise(week, { benchmark: market })
    expect(figures['benchmarkReturn']).toBeCloseTo(0.03, 10)
    expect(figures['beta']).toBeGreaterThan(0)
    expect(() => summarise(week, { benchmark: [{ date: '2010-01-04', value: 1 }] })).toThrow(
      /the run from 2014-06-02 to 2014-06-06: expected two days in common, found 0/,
    )
  })

  it('is there for a run that did nothing, and for one without a moment', () => {
    const still = summarise(runResult({ equity: [at('2014-06-02', 100_000), at('2014-06-03', 100_000)] })).figures
    expect(still).toMatchObject({ totalReturn: 0, maxDrawdown: 0, trades: 0, timeInMarket: 0, turnover: 0 })
    const nothing = summarise(runResult())
    expect(nothing.figures).toMatchObject({ end: 100_000, netProfit: 0, trades: 0, tradingDays: 0 })
    expect(nothing.figures['totalReturn']).toBeNaN()
    expect(nothing.intervals).toEqual({})
  })

  it('defines nothing of days that the calendar does not know, and all else', () => {
    const { figures, days } = summarise(
      runResult({ equity: [{ tsUs: Date.UTC(1987, 9, 19) * 1000, cash: 0, equity: 80_000, exposure: 80_000 }] }),
    )
    expect(days).toEqual([])
    expect(figures).toMatchObject({ netProfit: -20_000, tradingDays: 0, maxIntradayDrawdown: -0.2 })
    expect(figures['sharpe']).toBeNaN()
  })

  it('gives the same intervals every time, which hold the figure, and can leave them out', () => {
    const run = busyRun({ days: 120 })
    const { intervals, figures } = summarise(run)
    expect(summarise(run).intervals).toEqual(intervals)
    expect(intervals['sharpe']?.low).toBeLessThan(figures['sharpe'] ?? Number.NaN)
    expect(intervals['sharpe']?.high).toBeGreaterThan(figures['sharpe'] ?? Number.NaN)
    expect(summarise(run, { intervals: false }).intervals).toEqual({})
  })

  it('says what is still open', () => {
    expect(summarise(runResult({ fills: [...week.fills].slice(0, 1), equity: week.equity })).open).toEqual([1])
  })
})

describe('what no order made', () => {
  const option = {
    kind: 'option',
    symbol: 'TWX',
    currency: 'USD',
    tradingClass: 'TWX',
    expiry: '2014-06-06',
    strike: 70,
    right: 'C',
    multiplier: 100,
  } as const
  const instruments = [...runResult().instruments, { instrument: 3, contract: option }]

  it('closes round trips: an option that expires is gone for nothing', () => {
    const bought = fill({ orderId: 1, instrument: 3, side: 'buy', quantity: 2, price: 1.5, tsUs: atNewYork('2014-06-02', 12) })
    const details = { moves: [{ instrument: 3, quantity: -2, price: 0, realised: -300 }] }
    const expiry = { tsUs: atNewYork('2014-06-06', 16), kind: 'expiry', message: 'expired', instrument: 3, details }
    const trips = roundTrips(movementsOf({ instruments, fills: [bought], events: [expiry] }))
    expect(trips).toEqual([expect.objectContaining({ instrument: 3, quantity: 2, exitPrice: 0, net: -3_010_000, closedUs: expiry.tsUs })])
  })

  it('splits what is open: the result in money stays', () => {
    const bought = fill({ orderId: 1, side: 'buy', quantity: 100, price: 30, tsUs: atNewYork('2014-06-02', 12), commission: 0 })
    const sold = fill({ orderId: 2, side: 'sell', quantity: 300, price: 11, tsUs: atNewYork('2014-06-04', 9.5), commission: 0 })
    // As the engine tells of it: what was held goes, what it became comes.
    const split = (ratio: number, after: number) => ({
      tsUs: atNewYork('2014-06-04', 0),
      kind: 'split',
      message: 'split',
      instrument: 1,
      details: {
        ratio,
        moves: [
          { instrument: 1, quantity: -100, price: 30, realised: 0 },
          { instrument: 1, quantity: after, price: 30 / ratio, realised: 0 },
        ],
      },
    })
    const trips = roundTrips(movementsOf({ instruments, fills: [bought, sold], events: [split(3, 300)] }))
    expect(trips).toEqual([expect.objectContaining({ quantity: 300, entryPrice: 10, exitPrice: 11, net: 3_000_000 })])
    // A third of a share is paid out at the new price, and the rest is sold at it: nothing is won or lost.
    const rest = { ...sold, quantity: 33, price: 90 }
    const { trips: thirds, open } = matchFills(movementsOf({ instruments, fills: [bought, rest], events: [split(1 / 3, 33)] }))
    expect(thirds.reduce((sum, { net }) => sum + net, 0)).toBe(0)
    expect(open).toEqual([])
    // Of two splits at once each pays out its own fraction, at its own price: 100 become 33, and these 66.
    const then = split(2, 66)
    const [gone, come] = [
      { ...then.details.moves[0], quantity: -33, price: 90 },
      { ...then.details.moves[1], price: 45 },
    ]
    const twice = [split(1 / 3, 33), { ...then, details: { ...then.details, moves: [gone, come] } }]
    const both = matchFills(movementsOf({ instruments, fills: [bought, { ...rest, quantity: 66, price: 45 }], events: twice }))
    expect([both.trips.reduce((sum, { net }) => sum + net, 0), both.open]).toEqual([0, []])
  })

  it('goes on with what is open under another number, as options do after a split', () => {
    const bought = fill({
      orderId: 1,
      instrument: 3,
      side: 'buy',
      quantity: 2,
      price: 1.5,
      tsUs: atNewYork('2014-06-02', 12),
      commission: 0,
    })
    const sold = { ...bought, orderId: 2, instrument: 4, side: 'sell', price: 2, tsUs: atNewYork('2014-06-05', 12) } as const
    const moment = { tsUs: atNewYork('2014-06-04', 10), message: 'renumbered' }
    const renumbered = { ...moment, kind: 'renumbered', instrument: 3, details: { to: 4 } }
    const known = [...instruments, { instrument: 4, contract: option }]
    const { trips, open } = matchFills(movementsOf({ instruments: known, fills: [bought, sold], events: [renumbered] }))
    expect(trips).toEqual([
      expect.objectContaining({ instrument: 4, entryPrice: 1.5, exitPrice: 2, net: 1_000_000, openedUs: bought.tsUs }),
    ])
    expect(open).toEqual([])
  })
})
