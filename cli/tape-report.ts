/** What the commands of tape files found, as text for a person. */

import type { ImportSummary } from '../db/tape/importers/import-tape.ts'
import type { TapeInfo, TapeVerdict } from '../db/tape/inspect.ts'
import { describeTorn, type TornTail } from '../db/tape/reader.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80

export function formatImportSummary(out: string, summary: ImportSummary): string {
  return alignColumns([
    ['Tape', out],
    ['Instruments', summary.instruments],
    ['Rows', summary.rows],
    ['Quotes', summary.quotes],
    ['Trades', summary.trades],
    ['Suspicious', summary.suspicious],
    ['Rows of other dates', summary.skippedRows],
    ['First', isoFromUs(summary.firstTsUs)],
    ['Last', isoFromUs(summary.lastTsUs)],
  ])
}

/** The contents of a tape as a table of at most 80 columns. */
export function formatTapeInfo(info: TapeInfo): string {
  const { meta, torn } = info
  const perKind = Object.entries(info.contractsByKind).map(([kind, count]) => `${count} ${kind}`)
  const rows: [string, string | undefined][] = [
    ['tape', info.path],
    ['source', meta.source],
    ['session', meta.sessionId === undefined ? undefined : `${meta.sessionId}, segment ${meta.segment ?? '?'}`],
    ['description', meta.description],
    ['attribution', meta.attribution],
    ['bytes', whole(info.bytes)],
    ['blocks', whole(info.blocks)],
    ['records', whole(info.records)],
    ...Object.entries(info.recordsByKind).map(([kind, count]): [string, string] => [`  ${kind}`, whole(count)]),
    ['instruments', `${whole(info.instruments)}${perKind.length > 0 ? ` (${perKind.join(', ')})` : ''}`],
    ['first tick', info.firstTsUs === undefined ? 'none' : isoFromUs(info.firstTsUs)],
    ['last tick', info.lastTsUs === undefined ? 'none' : isoFromUs(info.lastTsUs)],
    ['torn tail', torn ? tornSize(torn) : 'none'],
  ]
  const labelColumns = Math.max(...rows.map(([label]) => label.length)) + 2
  return rows
    .flatMap(([label, text]) =>
      text === undefined ? [] : wrapText(text, WIDTH - labelColumns).map((line, i) => (i === 0 ? label : '').padEnd(labelColumns) + line),
    )
    .join('\n')
}

export function formatTapeVerdict(path: string, verdict: TapeVerdict): string {
  const { ok, blocks, records, torn, endMark, problems, problemCount } = verdict
  return [
    `${path}: ${blocks} blocks, ${records} records, ${ok ? 'ok' : problemCount > 0 ? `problems: ${problemCount}` : 'torn'}`,
    ...(torn ? [`byte ${torn.offset}: the file ${describeTorn(torn)}`] : []),
    ...(endMark ? ['no end mark: written by another program or an earlier version; a cut between two blocks would not be seen'] : []),
    ...problems.map(({ offset, message }) => `byte ${offset}: ${message}`),
    ...(problems.length < problemCount ? [`... and ${problemCount - problems.length} more`] : []),
  ].join('\n')
}

function tornSize({ offset, bytes }: TornTail): string {
  return bytes === 0 ? `cut at byte ${whole(offset)}, without an end mark` : `${whole(bytes)} bytes at byte ${whole(offset)}`
}

const whole = (count: number) => count.toLocaleString('en-US')
