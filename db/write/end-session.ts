/** Ends a session whose journal is gone, so that its gap is named only once. */

import type pg from 'pg'

import { isoFromUs } from '../../market/time.ts'

/** Gives the session an end with cause `crash`, unless it has one. */
export async function endSession(client: Pick<pg.ClientBase, 'query'>, sessionId: number, tsUs: number): Promise<void> {
  await client.query(`UPDATE sessions SET ended_ts = $2, ended_cause = 'crash' WHERE session_id = $1 AND ended_ts IS NULL`, [
    sessionId,
    isoFromUs(tsUs),
  ])
}
