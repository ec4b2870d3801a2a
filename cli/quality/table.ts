/** The report on quality as tables of at most 80 columns. */

import type { QualityFinding } from '../../collector/quality/findings.ts'
import type { QualityReport } from '../../collector/quality/report.ts'
import type { GradedDay, SymbolDay } from '../../market/quality/symbol-day.ts'
import { alignColumns, wrapText } from '../../system/text-table.ts'
import { counted, length, percent, second, short, shortKey } from '../report-words.ts'
import { arithmetic, causesOf, reasonsOf, sentenceOf, worst } from './words.ts'

const WIDTH = 80
/** So many rows of a kind, unless all are asked for. */
const LISTED = 10
const DAYS = 20
const SYMBOL = 8
const RULE = 24
const CAUSE = 46
const REASON = 65

/** `all`: every day, symbol, contract and finding, however long that gets. */
export function formatQuality(report: QualityReport, { all }: { all: boolean }): string {
  const { range, symbols, contracts, findings, barFindings, unknown } = report
  if (!range) return 'Nothing is recorded yet. `tapedeck collect` records.'
  const blocks = [`Quality from ${second(range.fromUs)} to ${second(range.toUs)}`]
  if (symbols.length === 0) blocks.push('No contract was wanted, and no tick recorded, in that time.')
  else blocks.push(dayTable(symbols, all))
  const reasons = reasonsOf(contracts)
  if (reasons.length > 0) blocks.push(reasonTable(reasons, all))
  const poor = contracts.filter(({ grade, expectedUs }) => (grade ? grade.score < 100 : expectedUs !== 0))
  if (poor.length > 0) blocks.push(gradeList(poor, all))
  const causes = causesOf(symbols)
  if (causes.length > 0) blocks.push(causeTable(causes))
  if (findings.length > 0) blocks.push(findingList(findings, all))
  if (barFindings.length > 0) blocks.push(barFindingList(barFindings, all))
  if (unknown.length > 0) blocks.push(['Not known', ...unknown.flatMap((sentence) => indented(sentence))].join('\n'))
  return blocks.join('\n\n')
}

function dayTable(symbols: readonly SymbolDay[], all: boolean): string {
  const shown = all || symbols.length <= DAYS ? symbols : worst(symbols, DAYS, ({ score = -1 }) => score)
  const head = ['date      ', 'symbol', 'contracts', ' grade', 'complete', ' spread', 'doubted', ' wrong', 'fit for*']
  const rows = shown.map((day) => [
    day.date,
    short(day.symbol, SYMBOL),
    `${day.contracts.toLocaleString('en-US')} ${day.kind}`,
    day.score === undefined ? '     -' : `${day.letter} ${cut(day.score).padStart(4)}`,
    (day.expectedUs === 0 ? '-' : percent(day.coveredUs / day.expectedUs)).padStart(8),
    (day.relativeSpread === undefined ? '-' : rounded(day.relativeSpread)).padStart(7),
    String(day.warnings).padStart(7),
    String(day.quarantined + day.errors).padStart(6),
    `${day.fit['arbitrage study']}/${day.fit['bar study']}/${day.fit.not}`,
  ])
  const title = shown === symbols ? [] : [`The ${DAYS} with the lowest grades; --all lists every one, --json gives them as data.`]
  const note = '* contracts fit for an arbitrage study / a bar study only / neither'
  return [...title, alignColumns([head, ...rows], ' '), note].join('\n')
}

function reasonTable(reasons: readonly { reason: string; contractDays: number }[], all: boolean): string {
  const shown = all ? reasons : reasons.slice(0, LISTED)
  const rows = shown.map(({ reason, contractDays }) => [short(reason, REASON), contractDays.toLocaleString('en-US').padStart(13)])
  return alignColumns([['what prevents a better use', 'contract-days'], ...rows])
}

/** The arithmetic of the lowest grades, and why a contract is not fit for more. */
function gradeList(poor: readonly GradedDay[], all: boolean): string {
  const shown = all || poor.length <= LISTED ? poor : worst(poor, LISTED, ({ grade }) => grade?.score ?? -1)
  const title = shown === poor ? 'Grades below 100' : `The ${LISTED} lowest grades of ${counted(poor.length, 'contract-day')} below 100`
  const lines = shown.flatMap((day) => [
    `${day.date} ${shortKey(day.key)}`,
    ...(day.grade ? indented(arithmetic(day.grade)) : []),
    ...indented(sentenceOf(day.fitness)),
  ])
  return [title, ...lines].join('\n')
}

function causeTable(causes: readonly { cause: string; us: number }[]): string {
  const rows = causes.map(({ cause, us }) => [short(cause, CAUSE), length(us).padStart(9)])
  return `${alignColumns([['missing because of', '  missed*'], ...rows])}\n* of trading hours, summed over the contracts; \`tapedeck gaps\` lists the gaps`
}

function findingList(findings: readonly QualityFinding[], all: boolean): string {
  const shown = all || findings.length <= LISTED ? findings : worst(findings, LISTED, ({ ticks }) => -ticks)
  const title = shown === findings ? 'Findings' : `The ${LISTED} findings with the most ticks, of ${findings.length}`
  const lines = shown.flatMap(({ date, rule, severity, disposition, symbol = '-', contracts, ticks, example }) => [
    `${date} ${short(symbol, SYMBOL)} ${short(rule, RULE)} (${severity}, ${disposition}): ${counted(ticks, 'tick')} of ${counted(contracts, 'contract')}`,
    ...indented(`${second(example.tsUs)} ${example.contract === undefined ? '-' : shortKey(example.contract)}: ${example.reason}`),
    ...(example.evidence.length > 0 ? indented(`against ${example.evidence.map(shortKey).join(', ')}`) : []),
  ])
  return [title, ...lines].join('\n')
}

function barFindingList(findings: QualityReport['barFindings'], all: boolean): string {
  const shown = all ? findings : findings.slice(0, LISTED)
  const title =
    shown.length === findings.length
      ? 'Findings on bars'
      : `The ${LISTED} worst findings on bars, of ${counted(findings.length, 'finding')}`
  const lines = shown.flatMap(({ fromDate, toDate, symbol, calendar, rule, severity, disposition, bars, reason }) => [
    `${fromDate} ${short(symbol ?? calendar, SYMBOL)} ${short(rule, RULE)} (${severity}, ${disposition}): ${counted(bars, 'bar')}`,
    ...indented(`${fromDate === toDate ? '' : `to ${toDate}: `}${reason}`),
  ])
  return [title, ...lines].join('\n')
}

const indented = (text: string) => wrapText(text, WIDTH - 2).map((line) => `  ${line}`)
/** Cut and not rounded: only a day without faults has 100. */
const cut = (score: number) => (score >= 100 ? '100' : (Math.floor(score * 10) / 10).toFixed(1))
const rounded = (value: number) => `${(value * 100).toFixed(value < 0.1 ? 2 : 1)}%`
