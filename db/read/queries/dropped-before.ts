/**
 * Up to when ticks were dropped on purpose: by `tapedeck db drop-before`, which notes it in dropped_ticks, and by retention policies. What
 * is missing before then is not lost. A batch is a mixture of tables and instruments, so that what drops one of them takes the proof from
 * every batch that began before.
 */

import type pg from 'pg'

type Client = Pick<pg.ClientBase, 'query'>

/** For `WITH`: `dropped (session_id, before)`, of the instruments of a session; a session of which nothing was dropped so has no row. */
export const DROPPED_OF_SESSIONS = `dropped AS MATERIALIZED (
  SELECT session_id, max(dropped_before) AS before FROM dropped_ticks JOIN session_instruments USING (instrument_id) GROUP BY session_id
)`

/** An older hypertable's policy may not have run yet: what it has not dropped is still compared. */
const RETENTION = `
SELECT max(least(now() - (j.config->>'drop_after')::interval,
  (SELECT min(c.range_start) FROM timescaledb_information.chunks c
   WHERE c.hypertable_schema = j.hypertable_schema AND c.hypertable_name = j.hypertable_name))) AS before
FROM timescaledb_information.jobs j WHERE j.proc_name = 'policy_retention' AND j.hypertable_schema = 'public'`

/**
 * The time before which ticks of every session may have been dropped on purpose, as text for a parameter; `-infinity` when nothing was.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function droppedOfAll(client: Client): Promise<string> {
  const { rows: noted } = await client.query<{ before: string; timescale: boolean }>(
    `SELECT coalesce(max(dropped_before), '-infinity')::text AS before, to_regclass('timescaledb_information.jobs') IS NOT NULL AS timescale
     FROM dropped_ticks WHERE instrument_id IS NULL`,
  )
  const { before = '-infinity', timescale = false } = noted[0] ?? {}
  if (!timescale) return before
  const { rows } = await client.query<{ before: string }>(
    `SELECT greatest($1::timestamptz, coalesce((${RETENTION}), '-infinity'))::text AS before`,
    [before],
  )
  return rows[0]?.before ?? before
}
