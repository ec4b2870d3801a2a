/** Reads what a session's tape says between its ticks, as it was recorded. */

import type pg from 'pg'

import type { ControlRecord } from '../../market/tick.ts'
import { parseJsonb } from '../jsonb.ts'
import { microseconds } from '../microseconds.ts'

/**
 * The control records of a session in their order, with the database's numbers of instruments. A record of an instrument that the
 * database could not take has the instrument 0, as its ticks have; a contract like that is left out, for 0 may stand for several.
 */
export async function readControlRecords(client: Pick<pg.ClientBase, 'query'>, sessionId: number): Promise<ControlRecord[]> {
  const { rows } = await client.query<{
    seq: string
    ts: string
    kind: ControlRecord['kind']
    instrument_id: string | null
    record: string
  }>(`SELECT seq, ${microseconds('ts')} AS ts, kind, instrument_id, record::text FROM control_records WHERE session_id = $1 ORDER BY seq`, [
    sessionId,
  ])
  return rows.flatMap(({ seq, ts, kind, instrument_id, record }) => {
    if (kind === 'contract' && instrument_id === null) return []
    const fields = parseJsonb(record) as Record<string, unknown>
    if ('instrument' in fields) fields['instrument'] = Number(instrument_id ?? 0)
    // The jsonb was written from a record of this kind, by keepControlRecords.
    return [{ ...fields, kind, seq: Number(seq), tsUs: Number(ts) } as ControlRecord]
  })
}
