/** What the charts of the page show: completeness and spreads by day (of one or two days, by symbol), gaps over time, findings by rule. */

import type { QualityReport } from '../../collector/quality/report.ts'
import type { SymbolDay } from '../../market/quality/symbol-day.ts'
import type { Chart } from '../../system/page/page.ts'

/** So many lines can be told apart, and so many rows be read. */
const SERIES = 6
const ROWS = 15
const BARS = 24
/** Of fewer days a line says nothing. */
const LINE_DAYS = 3
const SPANS = 5000

/** By name, those that have something to show. */
export function chartsOf(report: QualityReport): Record<string, Chart> {
  const { symbols, gaps, findings, range } = report
  const charts: [string, Chart | undefined][] = [
    [
      'completeness',
      valuesChart(symbols, {
        title: 'Completeness (% of the wanted time)',
        unit: ' %',
        of: ({ expectedUs, coveredUs }) => (expectedUs === 0 ? undefined : (100 * coveredUs) / expectedUs),
        isWorse: (a, b) => a - b,
        range: [0, 100],
      }),
    ],
    [
      'spreads',
      valuesChart(symbols, {
        title: 'Spread (% of the mid price)',
        unit: ' %',
        of: ({ relativeSpread }) => (relativeSpread === undefined ? undefined : 100 * relativeSpread),
        isWorse: (a, b) => b - a,
      }),
    ],
    ['gaps', range && gapChart(gaps, range)],
    ['findings', findingChart(findings)],
  ]
  return Object.fromEntries(charts.filter((entry): entry is [string, Chart] => entry[1] !== undefined))
}

interface ValuesChart {
  title: string
  unit: string
  of: (day: SymbolDay) => number | undefined
  /** Sorts the worst values to the front: of many symbols those are shown. */
  isWorse: (a: number, b: number) => number
  range?: readonly [number, number]
}

function valuesChart(symbols: readonly SymbolDay[], { title, unit, of, isWorse, range }: ValuesChart): Chart | undefined {
  const days = symbols.flatMap((day) => {
    const value = of(day)
    return value === undefined ? [] : [{ date: day.date, name: `${day.symbol} ${day.kind}`, value }]
  })
  if (days.length === 0) return undefined
  const dates = [...new Set(days.map(({ date }) => date))].sort()
  const values = new Map(days.map(({ date, name, value }) => [`${date} ${name}`, value]))
  const means = meansOf(days)
  const isLines = dates.length >= LINE_DAYS
  const worst = [...means].sort(([, a], [, b]) => isWorse(a, b)).map(([name]) => name)
  const names = worst.slice(0, isLines ? SERIES : BARS).sort()
  const summary = `${title}. ${names.map((name) => `${name}: ${(means.get(name) ?? 0).toPrecision(4)} %`).join('; ')}.`
  const shown = names.length < means.size ? `${title}: the ${names.length} worst of ${means.size}` : title
  const base = { title: shown, unit, summary, ...(range && { range: isLines ? zoomed(range, days) : range }) }
  if (isLines) {
    const series = names.map((name) => ({ name, values: dates.map((date) => values.get(`${date} ${name}`) ?? Number.NaN) }))
    return { kind: 'lines', ...base, labels: dates, series }
  }
  const series = dates.map((date) => ({ name: date, values: names.map((name) => values.get(`${date} ${name}`) ?? Number.NaN) }))
  return { kind: 'bars', ...base, labels: names, series }
}

/** Lines of nearly whole days would all lie on each other. */
function zoomed([low, high]: readonly [number, number], days: readonly { value: number }[]): [number, number] {
  const least = days.reduce((least, { value }) => Math.min(least, value), high)
  return [Math.max(low, 10 * Math.floor((least - 1) / 10)), high + 1]
}

function meansOf(days: readonly { name: string; value: number }[]): Map<string, number> {
  const sums = new Map<string, { total: number; count: number }>()
  for (const { name, value } of days) {
    const sum = sums.get(name) ?? { total: 0, count: 0 }
    sums.set(name, { total: sum.total + value, count: sum.count + 1 })
  }
  return new Map([...sums].map(([name, { total, count }]) => [name, total / count]))
}

/** A row for each cause, those first that miss most. */
function gapChart(gaps: QualityReport['gaps'], range: { fromUs: number; toUs: number }): Chart | undefined {
  if (gaps.length === 0) return undefined
  const missing = new Map<string, number>()
  for (const { cause, missingUs } of gaps) missing.set(cause, (missing.get(cause) ?? 0) + missingUs)
  const causes = [...missing].sort(([, a], [, b]) => b - a).map(([cause]) => cause)
  const labels = causes.slice(0, ROWS)
  const shown = gaps
    .filter(({ cause }) => labels.includes(cause))
    .toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs))
    .slice(0, SPANS)
  const seconds = (us: number) => Math.min(Math.max(us, range.fromUs), range.toUs) / 1_000_000
  return {
    kind: 'spans',
    title: 'Gaps over time, by cause (UTC)',
    unit: '',
    summary: `Gaps over time. ${labels.map((cause) => `${cause}: ${gaps.filter((gap) => gap.cause === cause).length} gaps`).join('; ')}.`,
    labels,
    series: [
      { name: 'from', values: shown.map(({ fromUs }) => seconds(fromUs)) },
      { name: 'to', values: shown.map(({ toUs }) => seconds(toUs)) },
      { name: 'row', values: shown.map(({ cause }) => labels.indexOf(cause)) },
    ],
  }
}

function findingChart(findings: QualityReport['findings']): Chart | undefined {
  if (findings.length === 0) return undefined
  const ticks = new Map<string, number>()
  for (const finding of findings) ticks.set(finding.rule, (ticks.get(finding.rule) ?? 0) + finding.ticks)
  const rules = [...ticks].sort(([, a], [, b]) => b - a).slice(0, BARS)
  return {
    kind: 'bars',
    title: 'Findings by rule (ticks)',
    unit: '',
    summary: `Findings by rule. ${rules.map(([rule, count]) => `${rule}: ${count} ticks`).join('; ')}.`,
    labels: rules.map(([rule]) => rule),
    series: [{ name: 'ticks', values: rules.map(([, count]) => count) }],
  }
}
