/** Whether a session gets no more records. */

import type pg from 'pg'

/** Ended in order, or followed by another one of the same collector, which records one at a time. */
const OVER = `
SELECT s.ended_ts IS NOT NULL OR EXISTS (
  SELECT FROM sessions later WHERE later.session_id > s.session_id AND (later.detail->>'collectorId' = s.detail->>'collectorId'
    OR (later.detail->>'host' = s.detail->>'host' AND later.detail->>'dataDir' = s.detail->>'dataDir'))
) AS over FROM sessions s WHERE session_id = $1`

/**
 * False while it may be recorded, or may have more in a journal.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function isSessionOver(client: Pick<pg.ClientBase, 'query'>, sessionId: number): Promise<boolean> {
  const { rows } = await client.query<{ over: boolean }>(OVER, [sessionId])
  return rows[0]?.over === true
}
