/** What an import of bars or rates did, and what a check of bars found, as text of at most 80 columns. */

import type { BuiltBars } from '../db/bars/build-bars.ts'
import type { BarsCheck, StoredFinding } from '../db/bars/check-bars.ts'
import type { BarsImportReport } from '../db/bars/import-bars.ts'
import type { Refusal } from '../db/bars/refusals.ts'
import type { ReplacedAction } from '../db/bars/store-actions.ts'
import type { ChangedBar } from '../db/bars/store-bars.ts'
import { barLength } from '../market/bar.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80
/** Reasons and changes that fit on a screen. */
const LISTED = 10

export function formatBarsImport(report: BarsImportReport): string {
  const { bars, actions, refused } = report
  const outcome = (stored: { new: number; changed: number; unchanged: number; repeated: number }) =>
    [stored.new, stored.changed, stored.unchanged, stored.repeated] as const
  const head = [
    ...(report.dryRun ? ['Nothing was imported: this is what would be.'] : []),
    alignColumns([
      ['Source', report.source],
      ['Symbols', report.symbols],
      ['Bars of', barLength(report.seconds)],
      ['First', report.firstDate ?? 'none'],
      ['Last', report.lastDate ?? 'none'],
    ]),
  ]
  const table = alignColumns([
    ['', '      new', '  changed', 'unchanged', ' repeated'],
    ['bars', ...outcome(bars)],
    ['dividends and splits', ...outcome(actions)],
  ])
  const unread = report.files
    .filter(({ unreadColumns }) => unreadColumns.length > 0)
    .flatMap(({ file, unreadColumns }) => wrapText(`Columns of ${file} that are not read: ${unreadColumns.join(', ')}`, WIDTH))
  const changed = [changes(bars.examples, bars.changed), replacedActions(actions.replaced)]
  return [...head, table, ...unread, ...changed, formatRefusals(refused)].filter((text) => text !== '').join('\n\n')
}

export function formatBuiltBars({ seconds, dryRun, symbols, trades, bars, refused }: BuiltBars): string {
  const table = alignColumns([
    ['Symbols', symbols],
    ['Trades', trades],
    [`Bars of ${barLength(seconds)}, new`, bars.new],
    ['  changed', bars.changed],
    ['  unchanged', bars.unchanged],
  ])
  const head = dryRun ? ['Nothing was stored: this is what would be.'] : []
  return [...head, table, formatRefusals(refused)].filter((text) => text !== '').join('\n\n')
}

/** Rows that were refused, by reason. Empty when none was. */
export function formatRefusals({ rows, reasons }: { rows: number; reasons: readonly Refusal[] }): string {
  if (rows === 0) return ''
  const lines = reasons
    .slice(0, LISTED)
    .flatMap(({ reason, rows, examples }) => [
      ...wrapText(`${rows.toLocaleString('en-US')} x expected ${reason}`, WIDTH),
      ...examples.map(({ file, line, found }) => `  ${file}:${line}: found ${JSON.stringify(found)}`.slice(0, WIDTH)),
    ])
  const more = reasons.length > LISTED ? [`... and ${reasons.length - LISTED} more reasons; --json lists all`] : []
  return [`Refused rows: ${rows.toLocaleString('en-US')}`, ...lines, ...more].join('\n')
}

function changes(examples: readonly ChangedBar[], changed: number): string {
  if (changed === 0) return ''
  const five = (figures: readonly (number | null)[]) => figures.map((figure) => figure ?? '-').join(' ')
  const lines = examples.flatMap(({ symbol, date, before, after }) => [
    `  ${symbol} ${date}`,
    `    was ${five(before)}`,
    `    now ${five(after)}`,
  ])
  return ['Changed (open high low close volume); replaced_bars keeps what they were:', ...lines].join('\n')
}

function replacedActions(replaced: readonly ReplacedAction[]): string {
  if (replaced.length === 0) return ''
  const lines = replaced
    .slice(0, EXAMPLES)
    .map(({ symbol, kind, exDate, before, after }) =>
      `  ${symbol} ${exDate} ${kind}: was ${before.value} (${before.source}), now ${after}`.slice(0, WIDTH),
    )
  const more = replaced.length > EXAMPLES ? [`  ... and ${replaced.length - EXAMPLES} more; --json lists all`] : []
  return ['Changed dividends and splits; the report in imports keeps what they were:', ...lines, ...more].join('\n')
}

/** Findings of a rule, or changes, that fit on a screen. */
const EXAMPLES = 5

/** `all`: every finding, however long that gets. */
export function formatBarsCheck(checks: readonly BarsCheck[], all: boolean): string {
  if (checks.length === 0) return 'There are no such bars. `tapedeck bars import` brings some.'
  return checks.map((check) => formatMarket(check, all)).join('\n\n')
}

function formatMarket({ calendar, seconds, instruments, bars, days, firstDate, lastDate, findings }: BarsCheck, all: boolean): string {
  const whole = (value: number) => value.toLocaleString('en-US')
  const head = `${calendar}: ${whole(bars)} bars of ${barLength(seconds)}, ${whole(instruments)} instruments, ${whole(days)} days, ${firstDate} to ${lastDate}`
  if (findings.length === 0) return [...wrapText(head, WIDTH), 'Nothing was found.'].join('\n')
  const byRule = grouped(findings)
  const table = alignColumns([
    ['rule', 'worst', ' findings', '     bars'],
    ...[...byRule].map(([rule, own]) => [rule, worstOf(own), own.length, own.reduce((sum, { bars }) => sum + bars, 0)]),
  ])
  const lists = [...byRule].map(([rule, own]) => {
    const shown = all ? own : own.slice(0, EXAMPLES)
    const more = shown.length < own.length ? [`  ... and ${whole(own.length - shown.length)} more; --all lists them`] : []
    return [rule, ...shown.flatMap(linesOf), ...more].join('\n')
  })
  return [wrapText(head, WIDTH).join('\n'), table, ...lists].join('\n\n')
}

function linesOf({ symbol, from, to, reason }: StoredFinding): string[] {
  const when = from === to ? from : `${from} to ${to}`
  const [first = '', ...more] = wrapText(`${symbol === null ? '' : `${symbol} `}${when}: ${reason}`, WIDTH - 4)
  return [`  ${first}`, ...more.map((line) => `    ${line}`)]
}

const SEVERITIES = ['error', 'warning', 'info'] as const
const worstOf = (findings: readonly StoredFinding[]) =>
  SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity)) ?? ''

function grouped(findings: readonly StoredFinding[]): Map<string, StoredFinding[]> {
  const groups = new Map<string, StoredFinding[]>()
  for (const finding of findings) {
    const group = groups.get(finding.rule)
    if (group) group.push(finding)
    else groups.set(finding.rule, [finding])
  }
  return groups
}
