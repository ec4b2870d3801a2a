/** How far back the newest batches reach that hold no more than so many ticks, so that a check of their rows has a bounded cost. */

import type pg from 'pg'

import { microseconds } from '../../microseconds.ts'

/** Batches that are looked at: at two a second, the last hours. */
const MAX_BATCHES = 50_000

const SINCE = `
SELECT ${microseconds('min(first_ts)')} AS since FROM (
  SELECT first_ts, sum(accepted_ticks + quarantined_ticks) OVER (ORDER BY session_id DESC, batch_no DESC) AS ticks
  FROM (SELECT * FROM batches WHERE first_ts IS NOT NULL ORDER BY session_id DESC, batch_no DESC LIMIT ${MAX_BATCHES}) AS newest
) AS summed WHERE ticks <= $1`

/** Microseconds since 1970 UTC; undefined without batches, or when the newest one alone holds more. */
export async function recentSince(client: Pick<pg.ClientBase, 'query'>, maxTicks: number): Promise<number | undefined> {
  const { rows } = await client.query<{ since: string | null }>(SINCE, [maxTicks])
  const since = rows[0]?.since
  return since === null || since === undefined ? undefined : Number(since)
}
