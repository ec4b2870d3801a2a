/** Sessions of one collector that have no end: what a start has to name when the journal that could have told is gone. */

import type pg from 'pg'

import { microseconds } from '../../write/control-records.ts'

/** Who recorded a session, as its `started` record says in `detail`. */
export interface CollectorIdentity {
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
}

const UNENDED = `
SELECT session_id, clock, ${microseconds(`GREATEST(started_ts, last_alive_ts,
  (SELECT max(last_ts) FROM batches WHERE batches.session_id = sessions.session_id))`)} AS last
FROM sessions WHERE ended_ts IS NULL AND (detail->>'collectorId' = $1 OR (detail->>'host' = $2 AND detail->>'dataDir' = $3))
ORDER BY session_id`

/** Returns the collector's sessions without an end, oldest first. */
export async function unendedSessions(
  client: Pick<pg.ClientBase, 'query'>,
  { collectorId, host, dataDir }: CollectorIdentity,
): Promise<UnendedSession[]> {
  const { rows } = await client.query<{ session_id: string; clock: string | null; last: string | null }>(UNENDED, [
    collectorId ?? null,
    host,
    dataDir,
  ])
  return rows
    .filter(({ last }) => last !== null)
    .map(({ session_id, clock, last }) => ({ sessionId: Number(session_id), lastTsUs: Number(last), clock: clock ?? undefined }))
}
