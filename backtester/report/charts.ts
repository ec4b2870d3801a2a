/** The charts of a report. Long series are thinned to their highs and lows, which look the same. */

import type { Chart, ChartSeries } from '../../system/page/page.ts'
import { underwater } from '../metrics/drawdown.ts'
import { sharpe } from '../metrics/ratios.ts'
import { rollingMetric } from '../metrics/rolling.ts'
import type { RunDay, RunSummary } from '../metrics/summary.ts'
import type { DayValue } from '../metrics/trading-days.ts'
import type { RunResult } from '../run/result.ts'
import { type Attributed, instrumentName } from './attribution.ts'
import { pricesOf } from './prices.ts'

/** A chart of 1,280 pixels shows no more. */
const POINTS = 4000
/** Of a quarter; of shorter runs a quarter of their days. */
const ROLLING_DAYS = 63
const LEAST_ROLLING = 5
const BINS = 30
/** So many charts of prices, and bars beside each other, can be read. */
const PRICED = 4
const BARS = 16
const DAY_S = 86_400

export type Charts = [name: string, chart: Chart | undefined][]

export const definedCharts = (charts: Charts): Record<string, Chart> =>
  Object.fromEntries(charts.filter((entry): entry is [string, Chart] => entry[1] !== undefined))

interface Point {
  x: number
  y: number
}

export function equityChart({ equity, settings }: RunResult): Chart | undefined {
  const points = equity.map(({ tsUs, equity: y }) => ({ x: tsUs / 1e6, y }))
  return timeChart(`Equity (${settings.currency})`, '', [{ name: 'equity', points, style: 'area' }])
}

export function drawdownChart({ equity, settings }: RunResult): Chart | undefined {
  const [, ...depths] = underwater([settings.cash, ...equity.map((point) => point.equity)])
  const points = equity.map(({ tsUs }, index) => ({ x: tsUs / 1e6, y: 100 * (depths[index] ?? Number.NaN) }))
  return timeChart('Drawdown (% below the highest equity so far)', ' %', [{ name: 'drawdown', points, style: 'area' }])
}

export function exposureChart({ equity }: RunResult): Chart | undefined {
  const points = equity.map(({ tsUs, exposure, equity: whole }) => ({
    x: tsUs / 1e6,
    y: whole > 0 ? (100 * exposure) / whole : Number.NaN,
  }))
  if (equity.every(({ exposure }) => exposure === 0)) return undefined
  return timeChart('Exposure (worth of the positions, % of the equity)', ' %', [{ name: 'exposure', points, style: 'area' }])
}

/** `days`: of one run, or of each of several. Undefined where they are too few. */
export function rollingSharpeChart(runs: readonly { name: string; days: readonly RunDay[] }[]): Chart | undefined {
  const length = Math.min(ROLLING_DAYS, ...runs.map(({ days }) => Math.floor(days.length / 4)))
  if (length < LEAST_ROLLING) return undefined
  const lines = runs.map(({ name, days }) => {
    const values = rollingMetric(
      days.map((day) => day.return),
      length,
      (stretch) => sharpe(stretch),
    )
    return { name, points: values.map((y, index) => ({ x: dayTime(days[index + length - 1]), y: Number.isFinite(y) ? y : Number.NaN })) }
  })
  return timeChart(`Sharpe ratio of the last ${length} days`, '', lines)
}

/** The run beside its benchmark, over the days of the run. */
export function benchmarkChart({ settings, benchmark }: RunResult, { days }: RunSummary): Chart | undefined {
  const [from, to] = [days[0]?.date ?? '', days.at(-1)?.date ?? '']
  // The day before is where both start.
  const first = Math.max(0, (benchmark ?? []).findIndex(({ date }) => date >= from) - 1)
  const theirs = (benchmark ?? []).slice(first).filter(({ date }) => date <= to)
  if (!settings.benchmark || theirs.length === 0) return undefined
  return growthChart([
    { name: 'run', days, start: settings.cash },
    { name: settings.benchmark.symbol, days: theirs, start: theirs[0]?.value ?? Number.NaN },
  ])
}

/** Each against its start, by day. */
export function growthChart(runs: readonly { name: string; days: readonly DayValue[]; start: number }[]): Chart | undefined {
  const lines = runs.map(({ name, days, start }) => ({
    name,
    points: days.map((day) => ({ x: dayTime(day), y: 100 * (day.value / start - 1) })),
  }))
  return timeChart('Return since the start (%)', ' %', lines)
}

export function dailyDrawdownChart(runs: readonly { name: string; days: readonly RunDay[]; start: number }[]): Chart | undefined {
  const lines = runs.map(({ name, days, start }) => {
    const [, ...depths] = underwater([start, ...days.map(({ value }) => value)])
    return { name, points: days.map((day, index) => ({ x: dayTime(day), y: 100 * (depths[index] ?? Number.NaN) })) }
  })
  return timeChart('Drawdown by day (% below the highest equity so far)', ' %', lines)
}

const dayTime = (day: DayValue | undefined) => Date.parse(`${day?.date ?? ''}T00:00:00Z`) / 1000

export function histogram({ days }: Pick<RunSummary, 'days'>): Chart | undefined {
  const returns = days.map((day) => 100 * day.return).filter((value) => Number.isFinite(value))
  if (returns.length < 2) return undefined
  const [low, high] = [Math.min(...returns), Math.max(...returns)]
  const bins = Math.max(1, Math.min(BINS, Math.ceil(Math.sqrt(returns.length))))
  const width = (high - low) / bins || 1
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of returns) {
    const bin = Math.min(bins - 1, Math.floor((value - low) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const labels = counts.map((_, bin) => `${(low + (bin + 0.5) * width).toFixed(2)} %`)
  return {
    kind: 'bars',
    title: 'Returns of the days',
    unit: '',
    summary: `Returns of ${returns.length} days, from ${low.toFixed(2)} % to ${high.toFixed(2)} %, as a histogram.`,
    labels,
    series: [{ name: 'days', values: counts }],
  }
}

/** Where it bought and sold, on the prices that the run knew: of the instruments that it traded most. */
export function priceCharts(result: RunResult): Charts {
  const counts = new Map<number, number>()
  for (const { instrument } of result.fills) counts.set(instrument, (counts.get(instrument) ?? 0) + 1)
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, PRICED)
  return most.map(([instrument], index) => {
    const sideOf = (side: 'buy' | 'sell') =>
      result.fills
        .filter((fill) => fill.instrument === instrument && fill.side === side)
        .map(({ tsUs, price }) => ({ x: tsUs / 1e6, y: price }))
    const line = pricesOf(result, instrument).map(({ tsUs, price }) => ({ x: tsUs / 1e6, y: price }))
    const title = `Trades in ${instrumentName(result.instruments, instrument)}`
    return [
      `trades-${index + 1}`,
      timeChart(title, '', [
        { name: 'price', points: line },
        { name: 'bought', points: sideOf('buy'), style: 'up' },
        { name: 'sold', points: sideOf('sell'), style: 'down' },
      ]),
    ]
  })
}

export function netChart(title: string, rows: readonly Attributed[]): Chart | undefined {
  const shown = rows.slice(0, BARS)
  if (shown.length === 0) return undefined
  return {
    kind: 'bars',
    title: shown.length < rows.length ? `${title}: ${shown.length} of ${rows.length}` : title,
    unit: '',
    summary: `${title}. ${shown.map(({ name, net }) => `${name}: ${net.toFixed(2)}`).join('; ')}.`,
    labels: shown.map(({ name }) => name),
    range: padded(shown.map(({ net }) => net)),
    series: [{ name: 'net', values: shown.map(({ net }) => net) }],
  }
}

export function costChart({ costs, settings }: RunResult): Chart | undefined {
  const paid = Object.entries(costs).filter(([, amount]) => amount !== 0)
  if (paid.length === 0) return undefined
  return {
    kind: 'bars',
    title: `Costs (${settings.currency})`,
    unit: '',
    summary: `Costs. ${paid.map(([name, amount]) => `${name}: ${amount.toFixed(2)}`).join('; ')}.`,
    labels: paid.map(([name]) => name),
    series: [{ name: 'paid', values: paid.map(([, amount]) => amount) }],
  }
}

/** Bars begin at 0. */
function padded(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)]
  return low === high ? [0, 1] : [low * 1.08, high * 1.08]
}

interface Line {
  name: string
  points: readonly Point[]
  style?: NonNullable<ChartSeries['style']>
}

/** Over all moments of all lines. */
function timeChart(title: string, unit: string, lines: readonly Line[]): Chart | undefined {
  const thinned = lines.map(({ points, ...line }) => ({
    ...line,
    points: line.style === 'up' || line.style === 'down' ? points : thin(points),
  }))
  const times = [...new Set(thinned.flatMap(({ points }) => points.map(({ x }) => x)))].sort((one, other) => one - other)
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const series = thinned.map(({ points, ...line }) => {
    const values = new Map(points.map(({ x, y }) => [x, y]))
    return { ...line, values: times.map((x) => values.get(x) ?? Number.NaN) }
  })
  const date = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10)
  return {
    kind: 'times',
    title,
    unit,
    summary: `${title}, from ${date(first)} to ${date(last + (last === first ? DAY_S : 0))}. ${lines.map(summaryOf(unit)).join(' ')}`,
    labels: [],
    series: [{ name: 'time', values: times }, ...series],
  }
}

const summaryOf =
  (unit: string) =>
  ({ name, points }: Line) => {
    const known = points.map(({ y }) => y).filter((y) => Number.isFinite(y))
    if (known.length === 0) return `${name}: none.`
    const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))]
    const figure = (value: number | undefined) => `${Number((value ?? 0).toPrecision(6))}${unit}`
    return `${name}: first ${figure(known[0])}, lowest ${figure(low)}, highest ${figure(high)}, last ${figure(known.at(-1))}.`
  }

/** The lowest and the highest of each stretch, in their order. */
function thin(points: readonly Point[]): readonly Point[] {
  if (points.length <= POINTS) return points
  const length = Math.ceil((2 * points.length) / POINTS)
  const kept: Point[] = []
  for (let from = 0; from < points.length; from += length) {
    const stretch = points.slice(from, from + length)
    const low = stretch.reduce((one, other) => (other.y < one.y ? other : one))
    const high = stretch.reduce((one, other) => (other.y > one.y ? other : one))
    kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]))
  }
  return kept
}
