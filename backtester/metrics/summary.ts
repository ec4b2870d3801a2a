/** The whole of what is computed of a run: its trading days, its round trips, and every figure of docs/metrics.md by its name. */

import { nyse, type TradingCalendar } from '../../market/calendar/calendar.ts'
import { TapedeckError } from '../../market/errors.ts'
import { multiplierOf } from '../../market/contract.ts'
import { daysBetween } from '../../market/time.ts'
import { fromUnits, toUnits } from '../engine/money.ts'
import { WARM_UP } from '../engine/order-gate.ts'
import type { RunResult } from '../run/result.ts'
import { alphaBeta, capture } from './benchmark.ts'
import { bootstrapInterval, type Interval } from './bootstrap.ts'
import { drawdowns, maxDrawdown, underwater } from './drawdown.ts'
import { exposureMetrics } from './exposure.ts'
import { movementsOf } from './movements.ts'
import { seededRandom } from './random.ts'
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
} from './ratios.ts'
import { annualReturn, calendarAnnualReturn, cumulative, returnsOf, stability, totalReturn } from './returns.ts'
import { matchFills, type RoundTrip } from './round-trips.ts'
import { mean, PERIODS, sum } from './series.ts'
import { costShare, tradeMetrics } from './trades.ts'
import { type DayValue, tradingDayValues } from './trading-days.ts'
import { countedPart, holdsDate, type TimeSpan, UNDATED_FIGURES, uncountedDays } from './uncounted.ts'

/** Figures by name, in the order in which they are shown. NaN is not defined. Money in the currency of the account, returns as fractions. */
export type Figures = Readonly<Record<string, number>>

/** A trading day of a run, with its return against the day before or, of the first one, against the start. NaN where nothing was left. */
export interface RunDay extends DayValue {
  return: number
}

export interface RunSummary {
  figures: Figures
  /** Of some figures, where the days are enough for it. */
  intervals: Readonly<Record<string, Interval>>
  days: readonly RunDay[]
  trips: readonly RoundTrip[]
  /** Instruments in which something is still open. */
  open: readonly number[]
}

export interface SummaryOptions {
  /** Whose days are counted. Default: New York. */
  calendar?: TradingCalendar | undefined
  /** Values of a benchmark by day, in order. Default: that of the run. */
  benchmark?: readonly DayValue[] | undefined
  /** Without them it is a hundred times as fast. Default: with them. */
  intervals?: boolean | undefined
}

/** What the intervals are of, and how. */
const INTERVALS: Readonly<Record<string, (returns: readonly number[]) => number>> = {
  annualReturn: (returns) => annualReturn(returns),
  volatility: (returns) => volatility(returns),
  sharpe: (returns) => sharpe(returns),
  sortino: (returns) => sortino(returns),
  maxDrawdown: (returns) => maxDrawdown(returns),
}

/** @throws TapedeckError `benchmark-range` where run and benchmark have fewer than two days in common */
export function summarise(result: RunResult, options: SummaryOptions = {}): RunSummary {
  const { calendar = nyse, benchmark = result.benchmark, intervals = true } = options
  const spans = result.settings.range?.uncounted ?? []
  const counted = countedPart(result, spans, calendar)
  const days = runDays(result, calendar).filter(({ date }) => !spans.some((span) => holdsDate(span, date, calendar)))
  const { trips: all, open } = matchFills(movementsOf(result))
  const trips = all.filter(({ openedUs, closedUs }) => !spans.some(({ fromUs, toUs }) => openedUs < toUs && closedUs >= fromUs))
  const returns = definedReturns(days)
  return {
    figures: {
      ...moneyFigures(counted),
      ...returnFigures(days, spans, calendar),
      ...drawdownFigures(counted, days),
      ...(benchmark && benchmarkFigures(days, benchmark)),
      ...activityFigures(counted, days),
      ...tradeFigures(result, trips),
      ...(spans.length > 0 && Object.fromEntries(UNDATED_FIGURES.map((name) => [name, Number.NaN]))),
    },
    intervals: intervals ? intervalsOf(returns, result.settings.seed) : {},
    days,
    trips,
    open,
  }
}

function runDays({ equity, settings }: RunResult, calendar: TradingCalendar): RunDay[] {
  const days = knownDays(equity, calendar)
  const returns = returnsOf([settings.cash, ...days.map(({ value }) => value)])
  // Of what is owed there is no return.
  const hasBase = (index: number) => (index === 0 ? settings.cash : (days[index - 1]?.value ?? Number.NaN)) > 0
  return days.map((day, index) => ({ ...day, return: hasBase(index) ? (returns[index] ?? Number.NaN) : Number.NaN }))
}

/** None at all where the equity was gone before the end: a part of them would say that the run did not end there. */
function definedReturns(days: readonly RunDay[]): number[] {
  const returns = days.map((day) => day.return)
  return returns.some((value) => Number.isNaN(value)) ? [] : returns
}

/** None in years that the calendar does not know: what is made of days is not defined then, and all else is. */
function knownDays(equity: RunResult['equity'], calendar: TradingCalendar): DayValue[] {
  try {
    return tradingDayValues(equity, calendar)
  } catch (error) {
    if (error instanceof TapedeckError && error.code === 'calendar-range') return []
    throw error
  }
}

/** Money that went out for good. */
function costsOf({ costs }: RunResult): number {
  return sumOfMoney(Object.values(costs))
}

function moneyFigures(result: RunResult): Figures {
  const { settings, equity } = result
  const end = equity.at(-1)?.equity ?? settings.cash
  return {
    start: settings.cash,
    end,
    netProfit: sumOfMoney([end, -settings.cash]),
    costs: costsOf(result),
    income: sumOfMoney(Object.values(result.income)),
  }
}

const sumOfMoney = (amounts: readonly number[]) => fromUnits(sum(amounts.map(toUnits)))

function returnFigures(days: readonly RunDay[], spans: readonly TimeSpan[], calendar: TradingCalendar): Figures {
  const returns = definedReturns(days)
  const [first, last] = [days[0], days.at(-1)]
  const calendarDays = first && last ? daysBetween(first.date, last.date) + 1 - uncountedDays(spans, [first.date, last.date], calendar) : 0
  const total = totalReturn(returns)
  return {
    tradingDays: days.length,
    calendarDays,
    totalReturn: total,
    annualReturn: annualReturn(returns),
    calendarAnnualReturn: calendarAnnualReturn(total, calendarDays),
    volatility: volatility(returns),
    sharpe: sharpe(returns),
    sortino: sortino(returns),
    calmar: calmar(returns),
    downsideRisk: downsideRisk(returns),
    omega: omega(returns),
    tailRatio: tailRatio(returns),
    stability: stability(returns),
    valueAtRisk: valueAtRisk(returns),
    conditionalValueAtRisk: conditionalValueAtRisk(returns),
    skew: skew(returns),
    excessKurtosis: excessKurtosis(returns),
    bestDay: extreme(returns, Math.max),
    worstDay: extreme(returns, Math.min),
  }
}

function extreme(values: readonly number[], pick: (one: number, other: number) => number): number {
  return values.length === 0 ? Number.NaN : values.reduce((one, other) => pick(one, other))
}

function drawdownFigures({ settings, equity }: RunResult, days: readonly RunDay[]): Figures {
  const values = [settings.cash, ...valuesOf(days, settings)]
  const falls = drawdowns(values).map(({ depth, from, to }) => ({ depth, days: (to ?? values.length - 1) - from }))
  const deepest = falls.reduce<(typeof falls)[number] | undefined>(
    (one, other) => (one && one.depth <= other.depth ? one : other),
    undefined,
  )
  const returns = definedReturns(days)
  return {
    maxDrawdown: returns.length > 0 ? maxDrawdown(returns) : extreme(underwater(values).slice(1), Math.min),
    maxDrawdownDays: deepest?.days ?? 0,
    longestDrawdownDays: falls.reduce((longest, fall) => Math.max(longest, fall.days), 0),
    maxIntradayDrawdown: extreme(underwater([settings.cash, ...equity.map((point) => point.equity)]), Math.min),
  }
}

/** Behind an embargo the equity of a day still has what was won or lost in it. */
function valuesOf(days: readonly RunDay[], { cash, range }: RunResult['settings']): number[] {
  if (!range?.uncounted?.length) return days.map(({ value }) => value)
  return cumulative(
    days.map((day) => day.return),
    cash,
  )
}

/** @throws TapedeckError `benchmark-range` where they have fewer than two days in common */
export function checkBenchmark(equity: RunResult['equity'], benchmark: readonly DayValue[], calendar: TradingCalendar = nyse): void {
  commonDays(knownDays(equity, calendar), benchmark)
}

/** The days of both; the first of a benchmark has no return. */
function commonDays<Day extends DayValue>(days: readonly Day[], benchmark: readonly DayValue[]): Day[] {
  const dates = new Set(benchmark.slice(1).map(({ date }) => date))
  const common = days.filter(({ date }) => dates.has(date))
  if (common.length < 2)
    throw new TapedeckError(
      `The benchmark has returns from ${benchmark[1]?.date ?? 'no day'} to ${benchmark.at(-1)?.date ?? 'no day'}, the run from ` +
        `${days[0]?.date ?? 'no day'} to ${days.at(-1)?.date ?? 'no day'}: expected two days in common, found ${common.length}. ` +
        'Take a benchmark of the same time.',
      { code: 'benchmark-range' },
    )
  return common
}

const NOTHING_TO_COMPARE: Figures = {
  alpha: Number.NaN,
  beta: Number.NaN,
  upCapture: Number.NaN,
  downCapture: Number.NaN,
  informationRatio: Number.NaN,
}

function benchmarkFigures(days: readonly RunDay[], benchmark: readonly DayValue[]): Figures {
  const theirs = returnsOf(benchmark.map(({ value }) => value))
  const byDate = new Map(benchmark.slice(1).map(({ date }, index) => [date, theirs[index] ?? Number.NaN]))
  const common = commonDays(days, benchmark)
  const market = common.map(({ date }) => byDate.get(date) ?? Number.NaN)
  const benchmarkReturn = totalReturn(market)
  const returns = common.map((day) => day.return)
  if (definedReturns(days).length === 0) return { benchmarkReturn, ...NOTHING_TO_COMPARE }
  return {
    benchmarkReturn,
    ...alphaBeta(returns, market),
    upCapture: capture('up', returns, market),
    downCapture: capture('down', returns, market),
    informationRatio: informationRatio(returns, market),
  }
}

function activityFigures({ settings, equity, orders, fills, instruments }: RunResult, days: readonly RunDay[]): Figures {
  const multipliers = new Map(instruments.map(({ instrument, contract }) => [instrument, multiplierOf(contract)]))
  const traded = sum(fills.map(({ instrument, quantity, price }) => Math.abs(quantity * price) * (multipliers.get(instrument) ?? 1)))
  return {
    ...exposureMetrics(equity),
    turnover: ((traded / mean(valuesOf(days, settings))) * PERIODS.day) / days.length,
    orders: orders.filter(({ reason }) => reason !== WARM_UP).length,
    fills: fills.length,
  }
}

function tradeFigures(result: RunResult, trips: readonly RoundTrip[]): Figures {
  const trades = tradeMetrics(trips)
  return {
    trades: trades.count,
    wins: trades.wins,
    losses: trades.losses,
    winRate: trades.winRate,
    profitFactor: trades.profitFactor,
    expectancy: fromUnits(trades.expectancy),
    averageWin: fromUnits(trades.averageWin),
    averageLoss: fromUnits(trades.averageLoss),
    payoff: trades.payoff,
    bestTrade: fromUnits(trades.best),
    worstTrade: fromUnits(trades.worst),
    longestWinningStreak: trades.longestWinningStreak,
    longestLosingStreak: trades.longestLosingStreak,
    meanHoldingMs: trades.meanHoldingUs / 1000,
    medianHoldingMs: trades.medianHoldingUs / 1000,
    costShare: costShare(trips, toUnits(costsOf(result))),
  }
}

function intervalsOf(returns: readonly number[], seed: number): Record<string, Interval> {
  const found = Object.entries(INTERVALS).map(
    ([name, metric]) => [name, bootstrapInterval(returns, metric, { random: seededRandom(seed) })] as const,
  )
  return Object.fromEntries(found.filter((entry): entry is [string, Interval] => entry[1] !== undefined))
}
