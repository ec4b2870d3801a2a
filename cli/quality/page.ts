/** The report on quality as one page: what matters first, charts, and the tables behind them. It needs no script to be read. */

import type { QualityReport } from '../../collector/quality/report.ts'
import { letterOf } from '../../market/quality/grade.ts'
import { html, type Markup } from '../../system/page/html.ts'
import { chartPlace, renderPage } from '../../system/page/page.ts'
import { counted, percent, second } from '../report-words.ts'
import { calendar } from './page-calendar.ts'
import { chartsOf } from './page-charts.ts'
import { barFindingTable, causeSection, dayTable, findingTable, gapTable, gradeTable, reasonTable } from './page-tables.ts'

/** @throws Error when the package is not whole */
export function qualityPage(report: QualityReport): string {
  const { range, symbols, unknown } = report
  const title = range ? `Quality from ${second(range.fromUs)} to ${second(range.toUs)}` : 'Quality: nothing is recorded yet'
  const charts = chartsOf(report)
  const hasData = symbols.length > 0
  const body = html`<header>
<h1>Quality of the recordings</h1>
<p class="quiet">${range ? `From ${second(range.fromUs)} to ${second(range.toUs)}. Dates are those of New York, times UTC.` : ''}</p>
</header>
<main>
${hasData ? tiles(report) : html`<p>${range ? 'No contract was wanted, and no tick recorded, in that time.' : 'Nothing is recorded yet.'}</p>`}
${unknownList(unknown)}
${report.days.length > 0 ? calendar(report) : undefined}
${Object.keys(charts).length > 0 ? html`<section><h2>Charts</h2><div class="charts">${Object.entries(charts).map(([name, chart]) => chartPlace(name, chart))}</div></section>` : undefined}
${reasonTable(report.contracts)}
${gradeTable(report.contracts)}
${findingTable(report.findings)}
${barFindingTable(report.barFindings)}
${causeSection(symbols)}
${gapTable(report.gaps)}
${hasData ? dayTable(symbols) : undefined}
${hasData ? definitions() : undefined}
</main>
<footer>Written by tapedeck. This page holds all of its data, and neither loads nor sends anything.</footer>`
  return renderPage({ title, language: 'en', body, charts })
}

function tiles({ contracts, symbols, days, findings }: QualityReport): Markup {
  const sum = (value: (day: (typeof symbols)[number]) => number) => symbols.reduce((total, day) => total + value(day), 0)
  const expectedUs = sum((day) => day.expectedUs)
  const score = expectedUs === 0 ? undefined : sum((day) => (day.score ?? 0) * day.expectedUs) / expectedUs
  const fit = (use: 'arbitrage study' | 'bar study' | 'not') => sum((day) => day.fit[use]).toLocaleString('en-US')
  const wrong = sum((day) => day.quarantined + day.errors)
  const keys = new Set(contracts.map(({ key }) => key)).size
  const tile = (name: string, value: string, more: string) => html`<div><dt>${name}</dt><dd>${value}<small>${more}</small></dd></div>`
  return html`<dl class="tiles">
${[
  tile(
    'Grade',
    score === undefined ? '-' : `${letterOf(score)} ${(Math.floor(score * 10) / 10).toFixed(1)}`,
    'mean, weighted by wanted time',
  ),
  tile('Completeness', expectedUs === 0 ? '-' : percent(sum((day) => day.coveredUs) / expectedUs), 'of the wanted trading time'),
  tile('Recorded', counted(days.filter(({ state }) => state === 'recorded').length, 'day'), counted(keys, 'contract')),
  tile('Fit for an arbitrage study', fit('arbitrage study'), 'contract-days'),
  tile('Fit for a bar study only', fit('bar study'), 'contract-days'),
  tile('Fit for neither', fit('not'), 'contract-days'),
  tile('Ticks', sum((day) => day.ticks).toLocaleString('en-US'), `${wrong.toLocaleString('en-US')} wrong`),
  tile('Findings', findings.length.toLocaleString('en-US'), 'by rule, symbol and day'),
]}
</dl>`
}

function unknownList(unknown: readonly string[]): Markup | undefined {
  if (unknown.length === 0) return undefined
  return html`<section><h2>Not known</h2><ul>${unknown.map((sentence) => html`<li>${sentence}</li>`)}</ul></section>`
}

function definitions(): Markup {
  return html`<section><h2>How to read this</h2>
<p>A contract's day begins with 100 points. Each percent of wanted trading time without data takes off 1, each percent of ticks that are wrong
(quarantined, or flagged as errors) 5, doubted (flagged with a warning) 1, late or delayed a half. A is 98 and more, B 95, C 90, D 80.</p>
<p>A bar study asks for data for 95 % of the time. An arbitrage study asks for 99 %, no gap over a minute, hardly a wrong or late tick, and quotes that
are changes and not samples; of an option, also of its underlying. The file docs/quality.md of the program has all definitions.</p></section>`
}
