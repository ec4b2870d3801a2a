/** The figures of a run as people read them: their names, their order, and how each is written. docs/metrics.md defines them. */

import type { BenchmarkSettings, ChosenModel, RunSettings } from '../run/result.ts'

type Kind = 'money' | 'part' | 'ratio' | 'count' | 'days' | 'length'

export interface ShownFigure {
  name: string
  label: string
  kind: Kind
}

export interface FigureGroup {
  title: string
  figures: readonly ShownFigure[]
}

const group = (title: string, rows: readonly (readonly [name: string, label: string, kind: Kind])[]): FigureGroup => ({
  title,
  figures: rows.map(([name, label, kind]) => ({ name, label, kind })),
})

export const FIGURE_GROUPS: readonly FigureGroup[] = [
  group('Return', [
    ['netProfit', 'Net profit', 'money'],
    ['totalReturn', 'Total return', 'part'],
    ['annualReturn', 'A year, by trading days', 'part'],
    ['calendarAnnualReturn', 'A year, by the calendar', 'part'],
    ['benchmarkReturn', 'Return of the benchmark', 'part'],
    ['alpha', 'Alpha', 'part'],
    ['beta', 'Beta', 'ratio'],
    ['upCapture', 'Up capture', 'ratio'],
    ['downCapture', 'Down capture', 'ratio'],
    ['informationRatio', 'Information ratio', 'ratio'],
    ['bestDay', 'Best day', 'part'],
    ['worstDay', 'Worst day', 'part'],
  ]),
  group('Risk', [
    ['volatility', 'Volatility', 'part'],
    ['sharpe', 'Sharpe', 'ratio'],
    ['sortino', 'Sortino', 'ratio'],
    ['calmar', 'Calmar', 'ratio'],
    ['maxDrawdown', 'Maximum drawdown', 'part'],
    ['maxDrawdownDays', 'Its duration', 'days'],
    ['longestDrawdownDays', 'Longest drawdown', 'days'],
    ['maxIntradayDrawdown', 'Drawdown within days', 'part'],
    ['downsideRisk', 'Downside risk', 'part'],
    ['valueAtRisk', 'VaR 5 % of a day', 'part'],
    ['conditionalValueAtRisk', 'CVaR 5 % of a day', 'part'],
    ['skew', 'Skew', 'ratio'],
    ['excessKurtosis', 'Excess kurtosis', 'ratio'],
    ['omega', 'Omega', 'ratio'],
    ['tailRatio', 'Tail ratio', 'ratio'],
    ['stability', 'Stability', 'ratio'],
  ]),
  group('Trades', [
    ['trades', 'Round trips', 'count'],
    ['wins', 'Wins', 'count'],
    ['losses', 'Losses', 'count'],
    ['winRate', 'Win rate', 'part'],
    ['profitFactor', 'Profit factor', 'ratio'],
    ['expectancy', 'Expectancy', 'money'],
    ['averageWin', 'Average win', 'money'],
    ['averageLoss', 'Average loss', 'money'],
    ['payoff', 'Payoff', 'ratio'],
    ['bestTrade', 'Best', 'money'],
    ['worstTrade', 'Worst', 'money'],
    ['longestWinningStreak', 'Wins in a row', 'count'],
    ['longestLosingStreak', 'Losses in a row', 'count'],
    ['meanHoldingMs', 'Mean holding time', 'length'],
    ['medianHoldingMs', 'Median holding time', 'length'],
    ['costShare', 'Costs of what was won', 'part'],
  ]),
  group('Account', [
    ['start', 'Start', 'money'],
    ['end', 'End', 'money'],
    ['costs', 'Costs', 'money'],
    ['income', 'Interest and dividends', 'money'],
    ['exposure', 'Exposure', 'part'],
    ['maxExposure', 'Highest exposure', 'part'],
    ['timeInMarket', 'Time in the market', 'part'],
    ['turnover', 'Turnover a year', 'ratio'],
    ['orders', 'Orders', 'count'],
    ['fills', 'Fills', 'count'],
    ['tradingDays', 'Trading days', 'days'],
    ['calendarDays', 'Calendar days', 'days'],
  ]),
]

/** The models of a run by what they are for. */
export function modelsOf({ models }: RunSettings): [role: string, model: ChosenModel][] {
  return Object.entries(models).filter((entry): entry is [string, ChosenModel] => Boolean(entry[1]))
}

/** `SPY of spy-bars` */
export function benchmarkText({ symbol, dataset }: BenchmarkSettings): string {
  return dataset === undefined ? symbol : `${symbol} of ${dataset}`
}

const fixed = (value: number, digits: number) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** `-` for what is not defined. */
export function figureText(value: number | null | undefined, kind: Kind): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-'
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '-infinite'
  switch (kind) {
    case 'money':
      return fixed(value, 2)
    case 'part':
      return Math.abs(value) >= 100 ? `${(100 * value).toPrecision(3)}%` : `${fixed(100 * value, 2)}%`
    case 'ratio':
      return fixed(value, 3)
    case 'count':
      return fixed(value, 0)
    case 'days':
      return `${fixed(value, 0)} d`
    case 'length':
      return lengthText(value)
  }
}

function lengthText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= 2 * size) ?? ['s', 1000]
  return `${fixed(ms / size, 1)} ${unit}`
}
