/** The report on a run as one page that needs nothing beside it, and two runs side by side. Both can be read without their script. */

import { nyse } from '../../market/calendar/calendar.ts'
import { html, type Markup } from '../../system/page/html.ts'
import { type Chart, chartPlace, renderPage } from '../../system/page/page.ts'
import type { RunSummary } from '../metrics/summary.ts'
import type { RunResult } from '../run/result.ts'
import { warningsOf } from '../run/stress.ts'
import { byHour, byInstrument } from './attribution.ts'
import {
  benchmarkChart,
  costChart,
  dailyDrawdownChart,
  definedCharts,
  drawdownChart,
  equityChart,
  exposureChart,
  growthChart,
  histogram,
  netChart,
  priceCharts,
  rollingSharpeChart,
} from './charts.ts'
import { figureText } from './figures.ts'
import {
  attributionTable,
  costTable,
  dataSection,
  eventTable,
  figureTable,
  minute,
  monthTable,
  settingsTable,
  table,
  tripTable,
} from './tables.ts'

export interface ReportedRun {
  /** As `run 12`. */
  name: string
  result: RunResult
  summary: RunSummary
}

const FOOTER = html`<footer>Written by tapedeck. This page holds all of its data, and neither loads nor sends anything. The file docs/metrics.md of the
program defines the figures.</footer>`

/** @throws Error when the package is not whole */
export function runPage({ name, result, summary }: ReportedRun): string {
  const { strategy } = result
  const symbols = byInstrument(result, summary.trips)
  const hours = byHour(summary.trips, nyse)
  const main = definedCharts([
    ['equity', equityChart(result)],
    ['drawdown', drawdownChart(result)],
    ['benchmark', benchmarkChart(result, summary)],
  ])
  const charts = definedCharts([
    ['sharpe', rollingSharpeChart([{ name: 'Sharpe', days: summary.days }])],
    ['histogram', histogram(summary)],
    ['exposure', exposureChart(result)],
    ['costs', costChart(result)],
    ['symbols', netChart('Net result by instrument', symbols)],
    ['hours', netChart('Net result by hour of the opening (New York)', hours)],
    ...priceCharts(result),
  ])
  const title = `${strategy.name}, ${name}`
  const body = html`<header>
<h1>${title}</h1>
<p class="quiet">${subtitle(result)}</p>
</header>
<main>
${failure(result)}
${tiles(result, summary)}
${warnings(result, summary)}
${Object.entries(main).map(([place, chart]) => chartPlace(place, chart))}
${monthTable(summary.days)}
${chartGrid(charts)}
${figureTable([{ name, summary }])}
${attributionTable('By instrument', 'Instrument', symbols)}
${attributionTable('By hour of the opening, New York', 'Hour', hours)}
${costTable(result, summary)}
${tripTable(result, summary)}
${settingsTable(result)}
${dataSection(result)}
${eventTable(result)}
</main>
${FOOTER}`
  return renderPage({ title, language: 'en', body, charts: { ...main, ...charts } })
}

/** @throws Error when the package is not whole */
export function comparisonPage(runs: readonly [ReportedRun, ReportedRun]): string {
  const title = `${runs.map(({ name }) => name).join(' and ')} side by side`
  const series = runs.map(({ name, result, summary }) => ({ name, days: summary.days, start: result.settings.cash }))
  const charts = definedCharts([
    ['growth', growthChart(series)],
    ['drawdown', dailyDrawdownChart(series)],
    ['sharpe', rollingSharpeChart(series)],
  ])
  const [one, other] = runs
  const body = html`<header>
<h1>${title}</h1>
${runs.map(({ name, result }) => html`<p class="quiet">${name}: ${result.strategy.name} ${result.strategy.version}. ${subtitle(result)}</p>`)}
</header>
<main>
${runs.map(({ result }) => failure(result))}
${one.result.hash === other.result.hash ? html`<p>The results are identical: the same orders, fills and equity.</p>` : undefined}
${Object.entries(charts).map(([place, chart]) => chartPlace(place, chart))}
${differences(runs)}
${figureTable(runs)}
</main>
${FOOTER}`
  return renderPage({ title, language: 'en', body, charts })
}

function subtitle({ dataset, startedAt, codeVersion }: RunResult): string {
  const range = dataset ? `${dataset.name}, from ${minute(dataset.fromUs)} to ${minute(dataset.toUs)} UTC` : 'No data'
  return `${range}. Ran on ${startedAt.slice(0, 10)} with tapedeck ${codeVersion}.`
}

function failure({ error }: RunResult): Markup | undefined {
  return (
    error &&
    html`<section><h2>The run failed</h2><p>${error.message}</p><p class="quiet">What follows is what it did until then.</p></section>`
  )
}

function chartGrid(charts: Readonly<Record<string, Chart>>): Markup | undefined {
  if (Object.keys(charts).length === 0) return undefined
  return html`<section><h2>Charts</h2><div class="charts">${Object.entries(charts).map(([place, chart]) => chartPlace(place, chart))}</div></section>`
}

function tiles({ settings }: RunResult, { figures }: RunSummary): Markup {
  const tile = (label: string, value: string, more: string) => html`<div><dt>${label}</dt><dd>${value}<small>${more}</small></dd></div>`
  const text = (name: string, kind: Parameters<typeof figureText>[1]) => figureText(figures[name], kind)
  return html`<dl class="tiles">
${[
  tile('Net profit', text('netProfit', 'money'), settings.currency),
  tile('Total return', text('totalReturn', 'part'), `${text('annualReturn', 'part')} a year, by trading days`),
  tile('Sharpe', text('sharpe', 'ratio'), `volatility ${text('volatility', 'part')}`),
  tile('Maximum drawdown', text('maxDrawdown', 'part'), `lasted ${text('maxDrawdownDays', 'days')}`),
  tile('Round trips', text('trades', 'count'), `${text('winRate', 'part')} won`),
  tile('Profit factor', text('profitFactor', 'ratio'), `expectancy ${text('expectancy', 'money')}`),
  tile('Exposure', text('exposure', 'part'), `in the market ${text('timeInMarket', 'part')} of the time`),
  tile('Costs', text('costs', 'money'), `${text('costShare', 'part')} of what was won`),
]}
</dl>`
}

function warnings(result: RunResult, { open, days, figures }: RunSummary): Markup | undefined {
  const found = [
    ...warningsOf(result),
    ...(open.length > 0 ? [`Open at the end: ${counted(open.length, 'position')}, in the equity and in no round trip.`] : []),
    ...(days.some((day) => Number.isNaN(day.return)) ? ['The equity fell to 0 or below: returns and ratios are not defined.'] : []),
    ...(days.length < 30
      ? [`The run has ${counted(days.length, 'trading day')}: figures by the year, and ratios, say little of so few.`]
      : []),
    ...((figures['trades'] ?? 0) < 30
      ? [`The run has ${counted(figures['trades'] ?? 0, 'round trip')}: averages of so few are mostly luck.`]
      : []),
  ]
  return found.length === 0 ? undefined : html`<section><h2>Warnings</h2><ul>${found.map((text) => html`<li>${text}</li>`)}</ul></section>`
}

const counted = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`

/** What was given to the two, where it differs. */
function differences(runs: readonly [ReportedRun, ReportedRun]): Markup {
  const given = runs.map(({ result }) => givenTo(result))
  const names = [...new Set(given.flatMap((one) => [...one.keys()]))]
  const rows = names
    .filter((name) => given[0]?.get(name) !== given[1]?.get(name))
    .map((name) => html`<tr><th scope="row">${name}</th>${given.map((one) => html`<td>${one.get(name) ?? '-'}</td>`)}</tr>`)
  if (rows.length === 0) return html`<section><h2>Settings</h2><p>Strategy, parameters, settings and data are the same.</p></section>`
  return table('What differs', [['Name'], ...runs.map(({ name }) => [name] as const)], rows)
}

function givenTo({ strategy, params, settings, dataset, codeVersion }: RunResult): Map<string, string> {
  const flat = (prefix: string, values: object) =>
    Object.entries(values).map(([name, value]) => [`${prefix}${name}`, JSON.stringify(value)] as const)
  const { models, arbitrage = {}, ...rest } = settings
  return new Map([
    ['strategy', `${strategy.name} ${strategy.version}`],
    ['dataset', dataset ? `${dataset.name} ${dataset.hash.slice(0, 12)}` : '-'],
    ['program', codeVersion],
    ...flat('', rest),
    ...flat('model of ', models),
    ...flat('detectors: ', arbitrage),
    ...flat('parameter ', params),
  ])
}
