/** What an import of bars or rates did, as text of at most 80 columns. */

import type { BarsImportReport } from '../db/bars/import-bars.ts'
import type { Refusal } from '../db/bars/refusals.ts'
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
      ['First', bars.firstDate ?? 'none'],
      ['Last', bars.lastDate ?? 'none'],
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
  return [...head, table, ...unread, changes(bars.examples, bars.changed), formatRefusals(refused)]
    .filter((text) => text !== '')
    .join('\n\n')
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
