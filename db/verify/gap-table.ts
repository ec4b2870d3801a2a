/** The table of gaps against the gaps on the tape, of which it is a copy for queries. */

import type { FeedGap, TapeRecord } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { storableText } from '../jsonb.ts'
import type { Problem } from './problems.ts'
import type { GapRow } from './read-session.ts'

/**
 * What differs, by the number of the gap's record.
 *
 * @param onTape gaps of the tape by seq, with the database's numbers of instruments; below zero: of one that it did not take
 */
export function gapDifferences(rows: readonly GapRow[], onTape: ReadonlyMap<number, TapeRecord>): Omit<Problem, 'sessionId'>[] {
  const found: Omit<Problem, 'sessionId'>[] = []
  const add = (seq: number, message: string, more: Partial<Problem> = {}) => {
    found.push({ kind: 'gap-differs', seq, table: 'gaps', ...more, message })
  }
  const seen = new Set<number>()
  for (const row of rows) {
    seen.add(row.seq)
    const record = onTape.get(row.seq)
    if (record?.kind !== 'gap') add(row.seq, `The gap seq ${row.seq} (${row.cause}) is in the table gaps and on no tape: it was added.`)
    else
      for (const [column, expected, actual] of compared(record, row))
        if (expected !== actual)
          add(row.seq, `gaps.${column} of seq ${row.seq}: expected ${expected} as on the tape, found ${actual}.`, {
            column,
            expected,
            found: actual,
          })
  }
  for (const [seq, record] of onTape)
    if (record.kind === 'gap' && !seen.has(seq))
      add(seq, `The gap seq ${seq} (${record.cause}) is on the tape and not in the table gaps: queries do not see it.`)
  return found
}

function compared(record: FeedGap, row: GapRow): [column: string, expected: string, found: string][] {
  const instrument = record.instrument !== undefined && record.instrument > 0 ? record.instrument : undefined
  return [
    ['from_ts', isoFromUs(record.fromTsUs), isoFromUs(row.fromTsUs)],
    ['to_ts', isoFromUs(record.toTsUs), isoFromUs(row.toTsUs)],
    ['cause', storableText(record.cause), row.cause],
    ['instrument_id', String(instrument ?? 'none'), String(row.instrument ?? 'none')],
    ['dropped_ticks', String(record.droppedTicks ?? 'none'), String(row.droppedTicks ?? 'none')],
  ]
}
