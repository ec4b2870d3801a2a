/** The metrics against empyrical's own test cases, and the properties that its cases leave out. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { alphaBeta, capture, fragility, whereBenchmark } from '../../../backtester/metrics/benchmark.ts'
import { bootstrapInterval } from '../../../backtester/metrics/bootstrap.ts'
import { aggregateReturns, type CalendarPeriod, lastOfEachDay } from '../../../backtester/metrics/calendar-periods.ts'
import { drawdowns, maxDrawdown, underwater } from '../../../backtester/metrics/drawdown.ts'
import {
  calmar,
  conditionalValueAtRisk,
  downsideRisk,
  excessKurtosis,
  informationRatio,
  omega,
  sharpe,
  skew,
  sortino,
  tailRatio,
  valueAtRisk,
  volatility,
} from '../../../backtester/metrics/ratios.ts'
import { annualReturn, calendarAnnualReturn, cumulative, returnsOf, stability, totalReturn } from '../../../backtester/metrics/returns.ts'
import { rolling, rollingMetric } from '../../../backtester/metrics/rolling.ts'
import { mean, PERIODS } from '../../../backtester/metrics/series.ts'
import { packageRoot } from '../../../system/package-root.ts'
import { seeded } from '../../support/random.ts'

type Params = Record<string, string>

const { series, cases } = JSON.parse(readFileSync(join(packageRoot(), 'test', 'fixtures', 'metrics', 'empyrical_cases.json'), 'utf8')) as {
  series: Record<string, (number | null)[]>
  cases: { test: string; params: Params }[]
}

/** One value for each date. Of the series of daily returns all begin on 2000-01-30. */
type Dated = ReadonlyMap<string, number>

/** The last days of the weeks (Sundays) and months that the cases' series of those are of. */
function datesOf(name: string, count: number): string[] {
  const first = { year: 2000, month: 0, day: 30 }
  return Array.from({ length: count }, (_, index) => {
    const date =
      name === 'weekly_returns'
        ? Date.UTC(first.year, first.month, first.day + 7 * index)
        : name === 'monthly_returns'
          ? Date.UTC(first.year, first.month + index + 1, 0)
          : Date.UTC(first.year, first.month, first.day + index)
    return new Date(date).toISOString().slice(0, 10)
  })
}

/** A series of the cases: `mixed_returns`, `-mixed_returns`, `mixed_returns[1:]`. */
function seriesOf(expression = ''): Dated {
  const [, minus, name = '', from] = /^(-?)(\w+)(\[1:\])?$/.exec(expression) ?? []
  const values = series[name]
  if (!values) throw new Error(`the cases have no series ${expression}`)
  const dates = datesOf(name, values.length)
  const all = values.map((value, index): [string, number] => [dates[index] ?? '', (value ?? Number.NaN) * (minus === '-' ? -1 : 1)])
  return new Map(from === undefined ? all : all.slice(1))
}

const valuesOf = (expression?: string) => [...seriesOf(expression).values()]
const isSeries = (expression = '') => /^-?\w+(\[1:\])?$/.test(expression) && !/^-?\d/.test(expression)
/** A number, or a series. */
const numbersOf = (expression = '0') => (isSeries(expression) ? valuesOf(expression) : Number(expression))

/** Both on the dates that both have. */
function joined(one?: string, other?: string): [number[], number[]] {
  const [left, right] = [seriesOf(one), seriesOf(other)]
  const dates = [...left.keys()].filter((date) => right.has(date))
  return [dates.map((date) => left.get(date) ?? Number.NaN), dates.map((date) => right.get(date) ?? Number.NaN)]
}

function periodsOf({ period = 'empyrical.DAILY' }: Params): number {
  const periods: Record<string, number> = { 'empyrical.DAILY': 252, 'empyrical.WEEKLY': 52, 'empyrical.MONTHLY': 12 }
  return periods[period] ?? Number.NaN
}

/** Numbers, pairs and lists of them, as Python writes them; and the three expressions that the cases compute. */
function expectedOf({ expected = '' }: Params): unknown {
  const of = /^empyrical\.cum_returns_final\((\w+)\)$/.exec(expected)
  if (of) return totalReturn(valuesOf(of[1]))
  if (expected === 'one_return[0]') return valuesOf('one_return')[0]
  if (expected.includes('flat_line_1.shape')) return Array.from({ length: 8 }, () => 0)
  if (expected.includes(')] *')) return []
  const json = expected.replaceAll('(', '[').replaceAll(')', ']').replaceAll('np.nan', 'null').replaceAll('np.inf', '1e999')
  return JSON.parse(json, (_, value: unknown) => (value === null ? Number.NaN : value))
}

const pairOf = ({ alpha, beta }: { alpha: number; beta: number }) => [alpha, beta]
const AGGREGATES: Record<string, CalendarPeriod> = { WEEKLY: 'week', MONTHLY: 'month', QUARTERLY: 'quarter', YEARLY: 'year' }

const METRICS: Record<string, (params: Params) => unknown> = {
  test_simple_returns: ({ prices }) => returnsOf(valuesOf(prices)),
  test_cum_returns: ({ returns, starting_value }) => cumulative(valuesOf(returns), Number(starting_value)),
  test_cum_returns_final: ({ returns, starting_value }) =>
    starting_value === '0' ? totalReturn(valuesOf(returns)) : (1 + totalReturn(valuesOf(returns))) * Number(starting_value),
  test_aggregate_returns: ({ returns, convert_to = '' }) =>
    aggregateReturns(
      [...seriesOf(returns)].map(([date, value]) => ({ date, value })),
      AGGREGATES[convert_to.replace('empyrical.', '')] ?? 'year',
    ).map(({ value }) => value),
  test_max_drawdown: ({ returns }) => maxDrawdown(valuesOf(returns)),
  test_annual_ret: (params) => annualReturn(valuesOf(params['returns']), periodsOf(params)),
  test_annual_volatility: (params) => volatility(valuesOf(params['returns']), periodsOf(params)),
  test_calmar: (params) => calmar(valuesOf(params['returns']), periodsOf(params)),
  test_omega: ({ returns, risk_free, required_return }) =>
    omega(valuesOf(returns), { riskFree: numbersOf(risk_free), required: Number(required_return) }),
  test_sharpe_ratio: ({ returns, risk_free }) => sharpe(valuesOf(returns), { riskFree: numbersOf(risk_free) }),
  test_downside_risk: (params) =>
    downsideRisk(valuesOf(params['returns']), { required: numbersOf(params['required_return']), periods: periodsOf(params) }),
  test_sortino: (params) =>
    sortino(valuesOf(params['returns']), { required: numbersOf(params['required_return']), periods: periodsOf(params) }),
  test_excess_sharpe: ({ returns, factor_returns }) => informationRatio(valuesOf(returns), numbersOf(factor_returns)),
  test_alpha_beta: ({ returns, benchmark }) => pairOf(alphaBeta(...joined(returns, benchmark))),
  test_alpha: ({ returns, benchmark }) => alphaBeta(...joined(returns, benchmark)).alpha,
  test_beta: ({ returns, benchmark }) => alphaBeta(...joined(returns, benchmark)).beta,
  test_stability_of_timeseries: ({ returns }) => stability(valuesOf(returns)),
  test_tail_ratio: ({ returns }) => tailRatio(valuesOf(returns)),
  test_cagr: (params) => annualReturn(valuesOf(params['returns']), periodsOf(params)),
  test_beta_fragility_heuristic: ({ returns, factor_returns }) => fragility(...joined(returns, factor_returns)),
  test_roll_max_drawdown: ({ returns, window }) => rollingMetric(valuesOf(returns), Number(window), maxDrawdown),
  test_roll_sharpe_ratio: ({ returns, window }) => rollingMetric(valuesOf(returns), Number(window), (stretch) => sharpe(stretch)),
  test_roll_alpha_beta: ({ returns, benchmark, window }) => {
    const [own, market] = joined(returns, benchmark)
    return rolling(Number(window), own.length, (from, to) => pairOf(alphaBeta(own.slice(from, to), market.slice(from, to))))
  },
  test_down_alpha_beta: ({ returns, benchmark }) => pairOf(movedAlphaBeta('down', returns, benchmark)),
  test_up_alpha_beta: ({ returns, benchmark }) => pairOf(movedAlphaBeta('up', returns, benchmark)),
}

function movedAlphaBeta(moved: 'up' | 'down', returns?: string, benchmark?: string) {
  const where = whereBenchmark(moved, ...joined(returns, benchmark))
  return alphaBeta(where.returns, where.benchmark)
}

/** Equal to 8 decimals or, where the case gives fewer, to those. NaN equals NaN. */
function same(found: unknown, wanted: unknown, decimals: number): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(found) && found.length === wanted.length && wanted.every((one, index) => same(found[index], one, decimals))
  if (typeof found !== 'number' || typeof wanted !== 'number') return false
  return Object.is(found, wanted) || (Number.isNaN(found) && Number.isNaN(wanted)) || Math.abs(found - wanted) < 1.5 * 10 ** -decimals
}

/** To how many decimals empyrical's own tests compare, where that is not 8. */
const DECIMALS: Record<string, number> = { test_cum_returns: 4, test_cum_returns_final: 4, test_roll_max_drawdown: 4, test_tail_ratio: 1 }

const known = cases.filter(({ test, params }) => test in METRICS && params['expected'] !== undefined)

describe('metrics', () => {
  it('are tested by nearly all of the cases', () => {
    expect(known.length).toBeGreaterThan(110)
  })

  it.each(known.map(({ test, params }) => [test, params] as const))('%s of empyrical with %j', (test, params) => {
    const found = METRICS[test]?.(params)
    const decimals = DECIMALS[test] ?? 8
    expect({ found, same: same(found, expectedOf(params), decimals) }).toMatchObject({ same: true })
  })

  it('of a series that beats its benchmark by a constant: alpha grows, beta stays', () => {
    const random = seeded(1)
    const market = Array.from({ length: 300 }, () => random() * 0.02 - 0.01)
    const own = market.map((value) => value * 0.5 + (random() - 0.5) * 0.001)
    const plain = alphaBeta(own, market)
    const better = alphaBeta(
      own.map((value) => value + 0.001),
      market,
    )
    expect(better.beta).toBeCloseTo(plain.beta, 10)
    expect((better.alpha + 1) ** (1 / 252) - (plain.alpha + 1) ** (1 / 252)).toBeCloseTo(0.001, 10)
  })

  it('count the start as a high', () => {
    expect(maxDrawdown([-0.5, 0.1])).toBeCloseTo(-0.5, 12)
    expect(underwater([100, 50, 120, 60])).toEqual([0, -0.5, 0, -0.5])
  })

  it('list every fall, the last perhaps unfinished', () => {
    expect(drawdowns([100, 90, 80, 100, 110, 99])).toEqual([
      { depth: -0.2, from: 0, lowest: 2, to: 3 },
      { depth: -0.1, from: 4, lowest: 5, to: undefined },
    ])
  })

  it('take the tails as empyrical does', () => {
    const returns = Array.from({ length: 101 }, (_, index) => (index - 50) / 1000)
    expect(valueAtRisk(returns, 0.05)).toBeCloseTo(-0.045, 12)
    expect(conditionalValueAtRisk(returns, 0.05)).toBeCloseTo(mean([-50, -49, -48, -47, -46, -45].map((value) => value / 1000)), 12)
    expect(skew(returns)).toBeCloseTo(0, 12)
    expect(excessKurtosis(returns)).toBeCloseTo(-1.2 * ((101 ** 2 + 1) / (101 ** 2 - 1)), 10)
  })

  it('capture all of a rise and half of a fall', () => {
    const market = [0.01, -0.01, 0.02, -0.02]
    const own = [0.01, -0.005, 0.02, -0.01]
    expect(capture('up', own, market)).toBeCloseTo(1, 12)
    expect(capture('down', own, market)).toBeLessThan(1)
  })

  it('name the two growth rates by what they divide by', () => {
    expect(annualReturn(Array.from({ length: PERIODS.day }, () => 0.001))).toBeCloseTo(1.001 ** 252 - 1, 12)
    expect(calendarAnnualReturn(0.21, 2 * 365.25)).toBeCloseTo(0.1, 12)
    expect(calendarAnnualReturn(0.1, 0)).toBeNaN()
  })

  it('put an intraday curve on days by its last value of each', () => {
    const values = [
      { date: '2024-01-02', value: 1 },
      { date: '2024-01-02', value: 2 },
      { date: '2024-01-03', value: 3 },
    ]
    expect(lastOfEachDay(values)).toEqual([values[1], values[2]])
  })

  it('give the week to the year of its Thursday', () => {
    const weeks = aggregateReturns(
      ['2024-12-29', '2024-12-30', '2025-01-01', '2025-01-06'].map((date) => ({ date, value: 0 })),
      'week',
    )
    expect(weeks.map(({ period }) => period)).toEqual(['2024-W52', '2025-W01', '2025-W02'])
  })

  it('draw intervals that hold what the series was made of, the same ones from the same numbers', () => {
    const random = seeded(7)
    const returns = Array.from({ length: 1000 }, () => 0.001 + (random() - 0.5) * 0.02)
    const interval = () => bootstrapInterval(returns, mean, { random: seeded(3), draws: 400 })
    const { low, high } = interval() ?? { low: 1, high: 0 }
    expect(low).toBeLessThan(mean(returns))
    expect(high).toBeGreaterThan(mean(returns))
    // Four standard errors on either side, at the very most.
    expect(high - low).toBeLessThan((8 * 0.02) / Math.sqrt(12 * 1000))
    expect(interval()).toEqual({ low, high, confidence: 0.95, draws: 400, blockLength: 10 })
    expect(bootstrapInterval([0.1], mean, { random })).toBeUndefined()
  })
})
