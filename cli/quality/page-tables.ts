/** The tables of the page. Of many rows the worst are shown, and a sentence says how many there are; `--json` has all. */

import type { QualityFinding } from '../../collector/quality/findings.ts'
import type { QualityReport } from '../../collector/quality/report.ts'
import type { GradedDay, SymbolDay } from '../../market/quality/symbol-day.ts'
import { html, type Markup } from '../../system/page/html.ts'
import { counted, length, percent, second, shortKey } from '../report-words.ts'
import { arithmetic, causesOf, reasonsOf, worst } from './words.ts'

const DAYS = 500
const GRADES = 50
const FINDINGS = 100
const GAPS = 50

export function dayTable(symbols: readonly SymbolDay[]): Markup {
  const shown = worst(symbols, DAYS, ({ score = -1 }) => score)
  const rows = shown.map(
    (
      day,
    ) => html`<tr><th scope="row" class="nowrap">${day.date}</th><td>${day.symbol}</td><td>${day.kind}</td><td class="number">${figure(day.contracts)}</td>
${gradeCell(day.score, day.letter)}<td class="number">${day.expectedUs === 0 ? '-' : percent(day.coveredUs / day.expectedUs)}</td>
<td class="number">${part(day.twoSidedUs, day.coveredUs)}</td><td class="number">${day.spread === undefined ? '-' : Number(day.spread.toPrecision(4))}</td>
<td class="number">${day.relativeSpread === undefined ? '-' : `${Number((100 * day.relativeSpread).toPrecision(3))}%`}</td>
<td class="number">${day.computed ? part(day.computed.minutes, day.computed.quotedMinutes) : '-'}</td><td class="number">${figure(day.ticks)}</td>
<td class="number">${part(day.initial, day.ticks)}</td><td class="number">${part(day.late, day.ticks)}</td>
<td class="number">${figure(day.warnings)}</td><td class="number">${figure(day.quarantined + day.errors)}</td>
<td class="number">${figure(day.fit['arbitrage study'])} / ${figure(day.fit['bar study'])} / ${figure(day.fit.not)}</td></tr>`,
  )
  const head = [
    ['Date'],
    ['Symbol'],
    ['Kind'],
    ['Contracts', 1],
    ['Grade'],
    ['Complete', 1],
    ['Two-sided', 1],
    ['Spread', 1],
    ['of mid', 1],
    ['Greeks', 1],
    ['Ticks', 1],
    ['Initial', 1],
    ['Late', 1],
    ['Doubted', 1],
    ['Wrong', 1],
    ['Arbitrage / bars / neither', 1],
  ] as const
  return table('Days and symbols', head, rows, shownOf(shown.length, symbols.length, 'with the lowest grades'))
}

export function gradeTable(contracts: readonly GradedDay[]): Markup | undefined {
  const poor = contracts.filter(
    ({ grade, fitness, expectedUs }) => expectedUs !== 0 && (grade === undefined || grade.score < 100 || fitness.because.length > 0),
  )
  if (poor.length === 0) return undefined
  const score = ({ grade }: GradedDay) => grade?.score ?? -1
  const shown = poor.toSorted((a, b) => score(a) - score(b)).slice(0, GRADES)
  const rows = shown.map(
    (
      day,
    ) => html`<tr><th scope="row">${day.date}</th><td class="nowrap">${shortKey(day.key)}</td>${gradeCell(day.grade?.score, day.grade?.letter)}
<td>${day.grade ? arithmetic(day.grade) : 'not known'}</td><td class="nowrap">${day.fitness.fitFor}</td>
<td><ul class="reasons">${day.fitness.because.map((reason) => html`<li>${reason}</li>`)}</ul></td></tr>`,
  )
  const head = [['Date'], ['Contract'], ['Grade'], ['Arithmetic'], ['Fit for'], ['Why not for more']] as const
  return table('The lowest grades', head, rows, shownOf(shown.length, poor.length, 'with the lowest grades'))
}

export function reasonTable(contracts: readonly GradedDay[]): Markup | undefined {
  const reasons = reasonsOf(contracts)
  if (reasons.length === 0) return undefined
  const rows = reasons.map(
    ({ reason, contractDays }) => html`<tr><th scope="row" class="wrap">${reason}</th><td class="number">${figure(contractDays)}</td></tr>`,
  )
  return table('What prevents a better use', [['Condition that failed'], ['Contract-days', 1]], rows)
}

export function findingTable(findings: readonly QualityFinding[]): Markup | undefined {
  if (findings.length === 0) return undefined
  const shown = worst(findings, FINDINGS, ({ ticks }) => -ticks)
  const rows = shown.map(
    ({
      date,
      symbol = '-',
      rule,
      severity,
      disposition,
      ticks,
      contracts,
      example,
    }) => html`<tr><th scope="row">${date}</th><td>${symbol}</td>
<td class="nowrap">${rule}</td><td>${severity}</td><td>${disposition}</td><td class="number">${figure(ticks)}</td><td class="number">${figure(contracts)}</td>
<td>${second(example.tsUs)} ${example.contract === undefined ? '' : shortKey(example.contract)}: ${example.reason}${
      example.evidence.length > 0 ? html` <span class="quiet">against ${example.evidence.map(shortKey).join(', ')}</span>` : undefined
    }</td></tr>`,
  )
  const head = [['Date'], ['Symbol'], ['Rule'], ['Severity'], ['Disposition'], ['Ticks', 1], ['Contracts', 1], ['First example']] as const
  return table('Findings', head, rows, shownOf(shown.length, findings.length, 'with the most ticks'))
}

export function barFindingTable(findings: QualityReport['barFindings']): Markup | undefined {
  if (findings.length === 0) return undefined
  const shown = findings.slice(0, FINDINGS)
  const rows = shown.map(
    ({
      fromDate,
      toDate,
      symbol,
      calendar,
      rule,
      severity,
      disposition,
      bars,
      reason,
      evidence,
    }) => html`<tr><th scope="row">${fromDate}</th><td class="nowrap">${toDate}</td>
<td>${symbol ?? `all of ${calendar}`}</td><td class="nowrap">${rule}</td><td>${severity}</td><td>${disposition}</td><td class="number">${figure(bars)}</td>
<td>${reason} <span class="quiet">${JSON.stringify(evidence)}</span></td></tr>`,
  )
  const head = [['From'], ['To'], ['Symbol'], ['Rule'], ['Severity'], ['Disposition'], ['Bars', 1], ['Reason and evidence']] as const
  return table('Findings on bars', head, rows, shownOf(shown.length, findings.length, 'worst'))
}

export function causeSection(symbols: readonly SymbolDay[]): Markup | undefined {
  const causes = causesOf(symbols)
  if (causes.length === 0) return undefined
  const rows = causes.map(({ cause, us }) => html`<tr><th scope="row">${cause}</th><td class="number">${length(us)}</td></tr>`)
  return table('What is missing, by cause', [['Cause'], ['Of trading hours, over all contracts', 1]], rows)
}

export function gapTable(gaps: QualityReport['gaps']): Markup | undefined {
  if (gaps.length === 0) return undefined
  const shown = worst(gaps, GAPS, ({ missingUs }) => -missingUs)
  const rows = shown.map(
    ({
      fromUs,
      toUs,
      cause,
      contracts,
      symbol,
      contract,
      missingUs,
    }) => html`<tr><th scope="row">${second(fromUs)}</th><td class="number">${length(toUs - fromUs)}</td>
<td>${contract === undefined ? `${symbol === undefined ? '' : `${symbol}, `}${counted(contracts, 'line')}` : shortKey(contract)}</td><td>${cause}</td>
<td class="number">${length(missingUs)}</td></tr>`,
  )
  const head = [['From'], ['Length', 1], ['Of'], ['Cause'], ['Missing in trading hours', 1]] as const
  return table('Gaps', head, rows, shownOf(shown.length, gaps.length, 'that miss most'))
}

type Head = readonly (readonly [name: string, isNumber?: 1])[]

function table(title: string, head: Head, rows: readonly Markup[], note?: string): Markup {
  return html`<section><h2>${title}</h2><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
${note === undefined ? undefined : html`<caption>${note}</caption>`}
<thead><tr>${head.map(([name, isNumber]) => html`<th scope="col" class="${isNumber ? 'number' : ''}">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`
}

function shownOf(shown: number, all: number, which: string): string | undefined {
  return shown < all ? `The ${shown} ${which}, of ${figure(all)}; tapedeck quality --json has all.` : undefined
}

const gradeCell = (score: number | undefined, letter: string | undefined) =>
  score === undefined || letter === undefined
    ? html`<td class="grade">-</td>`
    : html`<td class="grade ${letter}"><b>${letter}</b> ${(Math.floor(score * 10) / 10).toFixed(1)}</td>`
const figure = (value: number) => value.toLocaleString('en-US')
const part = (value: number, whole: number) => (whole === 0 ? '-' : percent(value / whole))
