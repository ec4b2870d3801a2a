/** What a judgement found, as text of at most 80 columns, and as plain data. */

import type { DifferenceRow } from '../backtester/judge/comparison.ts'
import type { Cause, Change } from '../backtester/judge/differences.ts'
import type { JudgeSummary } from '../backtester/judge/judge.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80
const INDENT = '    '

const CAUSES: Readonly<Record<Cause, string>> = {
  'not-judged': 'no rule had judged it',
  'rule-new': 'the rule is new',
  'rule-gone': 'there is no such rule any more',
  'was-off': 'it was off',
  'is-off': 'it is off now',
  'settings-changed': 'its settings are others',
  'same-settings': 'same settings: see the example',
}
const CHANGES: Readonly<Record<Change, string>> = {
  appeared: 'new finding',
  vanished: 'finding gone',
  changed: 'other figures',
  reordered: 'other order',
}

export function formatJudgement(summary: JudgeSummary): string {
  const { sessionIds, ticks, flagged, quarantined, differing, skipped, firstTsUs, lastTsUs, differences, failedRules } = summary
  const [session, another] = sessionIds
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  const table = alignColumns([
    ...(session === undefined ? [] : [another === undefined ? ['Session', String(session)] : ['Sessions', sessionIds.length]]),
    ['Ticks', ticks],
    ['Flagged', flagged],
    ['Quarantined', quarantined],
    ['Differing', differing],
    ...(skipped > 0 ? [['Without a contract', skipped]] : []),
    ['First', time(firstTsUs)],
    ['Last', time(lastTsUs)],
    ['Ticks/s', Math.round(ticks / summary.seconds)],
  ])
  const blocks = [table, ...notes(summary)]
  blocks.push(differing === 0 ? 'Identical: the present rules say what was recorded.' : differenceTable(differences))
  for (const [rule, error] of Object.entries(failedRules)) blocks.push(`The rule ${rule} failed and was off from there on: ${error}`)
  return blocks.join('\n\n')
}

/** Times as text. */
export function plainJudgement({ firstTsUs, lastTsUs, differences, ...summary }: JudgeSummary): object {
  return {
    identical: summary.differing === 0,
    ...summary,
    ...(firstTsUs !== undefined && { first: isoFromUs(firstTsUs) }),
    ...(lastTsUs !== undefined && { last: isoFromUs(lastTsUs) }),
    differences: differences.map(({ example: { tsUs, ...example }, ...row }) => ({ ...row, example: { ts: isoFromUs(tsUs), ...example } })),
  }
}

function notes({ beginsWithin, judgements, recordedBy }: JudgeSummary): string[] {
  const lines: string[] = []
  if (recordedBy.length > 0) lines.push(`Recorded by version ${recordedBy.join(', ')}.`)
  if (beginsWithin) lines.push('The tape begins within its session: rules that remember miss what was before it.')
  for (const { judgementId, sessionId, isNew } of judgements)
    lines.push(`${isNew ? 'Stored' : 'There already'}: judgement ${judgementId} of session ${sessionId}.`)
  return lines.length > 0 ? [lines.map((line) => wrapText(line, WIDTH).join('\n')).join('\n')] : []
}

function differenceTable(differences: readonly DifferenceRow[]): string {
  const heads = alignColumns([
    ['ticks', 'rule', 'what', 'why'],
    ...differences.map(({ ticks, rule, change, cause }) => [ticks, rule, CHANGES[change], CAUSES[cause]]),
  ]).split('\n')
  return [heads[0], ...differences.flatMap(({ example }, i) => [heads[i + 1], ...exampleLines(example)])].join('\n')
}

function exampleLines({ tsUs, contract, sessionId, seq, recorded, now }: DifferenceRow['example']): string[] {
  const place = `e.g. ${isoFromUs(tsUs)} ${contract ?? 'unknown contract'}${sessionId > 0 ? `, session ${sessionId}` : ''}, seq ${seq}`
  const lines = [place, ...(recorded === undefined ? [] : [`then ${recorded}`]), ...(now === undefined ? [] : [`now ${now}`])]
  return lines.flatMap((line) => wrapText(line, WIDTH - INDENT.length).map((part) => INDENT + part))
}
