/**
 * Sessions of one collector that did not end in order and that no gap of a later session covers. After the journal was lost, a start
 * finds here which gaps it has to record.
 */

import type pg from 'pg'

import { microseconds } from '../../microseconds.ts'

/** Which collector recorded a session, as its `started` record says in `detail`. */
export interface CollectorIdentity {
  /** Kept in the data directory; absent when that is gone, or was never given one. */
  collectorId?: string | undefined
  host: string
  dataDir: string
}

export interface UnendedSession {
  sessionId: number
  /** The last moment at which it is known to have been alive. */
  lastTsUs: number
  /** Which clock its times are of. */
  clock: string | undefined
  /** Gaps that had begun when it was last alive, by their begin: the time without data begins with the first of them. */
  openGaps: { fromTsUs: number; cause: string }[]
}

/** A session is the collector's when the id is the same, or else host and data directory are: an id can be lost with its folder. */
const UNENDED = `
WITH mine AS MATERIALIZED (
  SELECT session_id, clock, last_alive_ts, ended_ts FROM sessions
  WHERE detail->>'collectorId' = $1 OR (detail->>'host' = $2 AND detail->>'dataDir' = $3)
), unended AS (
  SELECT session_id, clock, GREATEST(last_alive_ts,
    (SELECT max(last_ts) FROM batches WHERE batches.session_id = mine.session_id),
    (SELECT ts FROM control_records c WHERE c.session_id = mine.session_id ORDER BY seq DESC LIMIT 1)) AS last_ts
  FROM mine WHERE ended_ts IS NULL
)
SELECT session_id, clock, ${microseconds('last_ts')} AS last, (
  SELECT json_agg(json_build_object('fromTsUs', record->'fromTsUs', 'cause', record->'cause') ORDER BY record->'fromTsUs')
  FROM control_records c WHERE c.session_id = unended.session_id AND c.kind = 'session' AND record->>'event' = 'interrupted' AND NOT EXISTS (
    SELECT FROM control_records g WHERE g.session_id = c.session_id AND g.kind = 'gap' AND g.instrument_id IS NULL
      AND g.record->'fromTsUs' = c.record->'fromTsUs' AND g.record->'cause' = c.record->'cause')
) AS open
FROM unended
WHERE last_ts IS NOT NULL AND NOT EXISTS (
  SELECT FROM gaps JOIN mine USING (session_id)
  WHERE instrument_id IS NULL AND from_ts <= last_ts AND to_ts > last_ts)
ORDER BY session_id`

/**
 * Returns the collector's sessions without an end, oldest first. Reads `sessions` once, and of each session without an end its batch
 * markers and control records: some milliseconds.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function unendedSessions(
  client: Pick<pg.ClientBase, 'query'>,
  { collectorId, host, dataDir }: CollectorIdentity,
): Promise<UnendedSession[]> {
  const { rows } = await client.query<{
    session_id: string
    clock: string | null
    last: string
    open: UnendedSession['openGaps'] | null
  }>(UNENDED, [collectorId ?? null, host, dataDir])
  return rows.map(({ session_id, clock, last, open }) => ({
    sessionId: Number(session_id),
    lastTsUs: Number(last),
    clock: clock ?? undefined,
    openGaps: open ?? [],
  }))
}
