/** What the database has of sessions whose journal is not whole any more. */

import type pg from 'pg'

export interface BatchesBelow {
  /** How many batches below the given one are committed. */
  batches: number
  /** Whether the given one is committed. */
  hasBatch: boolean
  /** The last tick in those below, microseconds; undefined without any. */
  lastTsUs: number | undefined
}

/** Returns those of the sessions that the database knows. */
export async function knownSessions(client: Pick<pg.ClientBase, 'query'>, sessionIds: readonly number[]): Promise<number[]> {
  const { rows } = await client.query<{ session_id: string }>('SELECT session_id FROM sessions WHERE session_id = ANY($1::bigint[])', [
    sessionIds,
  ])
  return rows.map(({ session_id }) => Number(session_id))
}

export async function batchesBelow(client: Pick<pg.ClientBase, 'query'>, sessionId: number, batchNo: number): Promise<BatchesBelow> {
  const { rows } = await client.query<{ batches: string; has: boolean; last: string | null }>(
    `SELECT count(*) FILTER (WHERE batch_no < $2) AS batches, coalesce(bool_or(batch_no = $2), false) AS has,
       (extract(epoch FROM max(last_ts) FILTER (WHERE batch_no < $2)) * 1000000)::bigint AS last
     FROM batches WHERE session_id = $1 AND batch_no <= $2`,
    [sessionId, batchNo],
  )
  const [found] = rows
  const last = found?.last ?? undefined
  return {
    batches: Number(found?.batches ?? 0),
    hasBatch: found?.has ?? false,
    lastTsUs: last === undefined ? undefined : Number(last),
  }
}
