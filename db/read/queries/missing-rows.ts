/**
 * Compares the markers of batches with the rows that are there: rows that were committed and are gone since (TRUNCATE, a dropped chunk,
 * DELETE) are noticed by nothing else. Batches of which ticks may have been dropped on purpose are left out.
 */

import type pg from 'pg'

import { isoFromUs } from '../../../market/time.ts'
import { REJECTED_TICKS, TICK_TABLES } from '../../schema/tick-tables.ts'
import { DROPPED_OF_SESSIONS, droppedOfAll } from './dropped-before.ts'

export interface MissingRowsQuery {
  /** Only batches whose ticks all lie at or behind this time, in microseconds since 1970 UTC. */
  sinceTs?: number | undefined
  /** Only these sessions. */
  sessionIds?: readonly number[] | undefined
}

export interface MissingRows {
  sessionId: number
  /** What the markers say was written. */
  acceptedTicks: number
  quarantinedTicks: number
  /** What is there: of the accepted in each table of ticks, of the quarantined in rejected_ticks. */
  rows: Record<string, number>
  /** How many rows are gone, accepted and quarantined ones together. */
  missing: number
}

const TABLES = TICK_TABLES.map(({ name }) => name)
const REJECTED_ROWS = `SELECT count(*) FROM ${REJECTED_TICKS.name} t WHERE kind IN (${TICK_TABLES.map(({ kind }) => `'${kind}'`).join(', ')})`

/**
 * Times rise within a session from batch to batch, so the rows of these batches are those between their first and their last time: a
 * piece of the index over session and time, and of no chunk but those of that time.
 */
const COUNTS = `
WITH ${DROPPED_OF_SESSIONS}, marked AS MATERIALIZED (
  SELECT session_id, sum(accepted_ticks) AS accepted, sum(quarantined_ticks) AS quarantined, min(first_ts) AS first_ts, max(last_ts) AS last_ts
  FROM batches LEFT JOIN dropped USING (session_id)
  WHERE last_ts >= $1 AND first_ts >= $1 AND ($2::bigint[] IS NULL OR session_id = ANY ($2))
    AND first_ts >= $3 AND (dropped.before IS NULL OR first_ts >= dropped.before)
  GROUP BY session_id
)
SELECT session_id, accepted, quarantined,
  ${[...TABLES.map((name) => [name, `SELECT count(*) FROM ${name} t WHERE true`]), [REJECTED_TICKS.name, REJECTED_ROWS]]
    .map(([name, count]) => `(${count} AND t.session_id = marked.session_id AND ts BETWEEN first_ts AND last_ts) AS ${name}`)
    .join(',\n  ')}
FROM marked ORDER BY session_id`

/**
 * Returns the sessions that miss rows, with how many; none when everything is there. One statement, so that batches which are being
 * committed count on both sides or on neither.
 *
 * Costs an index scan over the rows of the batches that are compared: about a second for every 5 million of them. Ask every few minutes
 * for an hour or a day, and for everything on demand.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function missingRows(
  client: Pick<pg.ClientBase, 'query'>,
  { sinceTs, sessionIds }: MissingRowsQuery = {},
): Promise<MissingRows[]> {
  const since = sinceTs === undefined ? '-infinity' : isoFromUs(sinceTs)
  const { rows } = await client.query<Record<string, string>>(COUNTS, [since, sessionIds ?? null, await droppedOfAll(client)])
  return rows
    .map(({ session_id, accepted, quarantined, ...counts }) => {
      const found = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]))
      const inTables = TABLES.reduce((sum, name) => sum + (found[name] ?? 0), 0)
      const gone = [Number(accepted) - inTables, Number(quarantined) - (found[REJECTED_TICKS.name] ?? 0)]
      return {
        sessionId: Number(session_id),
        acceptedTicks: Number(accepted),
        quarantinedTicks: Number(quarantined),
        rows: found,
        missing: gone.reduce((sum, count) => sum + Math.max(0, count), 0),
      }
    })
    .filter(({ missing }) => missing > 0)
}
