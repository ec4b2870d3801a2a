/** How many ticks of a session were recorded in each minute of a time, by the batches that brought them. */

import type pg from 'pg'

import { isoFromUs } from '../../../market/time.ts'
import { microseconds } from '../../microseconds.ts'

export interface MinuteOfTicks {
  fromUs: number
  ticks: number
}

/**
 * In order; minutes in which no batch begins are left out.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function ticksByMinute(
  client: Pick<pg.ClientBase, 'query'>,
  { sessionId, fromUs, toUs }: { sessionId: number; fromUs: number; toUs: number },
): Promise<MinuteOfTicks[]> {
  const { rows } = await client.query<{ minute: string; ticks: string }>(
    `SELECT ${microseconds('minute')} AS minute, ticks
     FROM (SELECT date_bin('1 minute', first_ts, 'epoch') AS minute, sum(accepted_ticks + quarantined_ticks) AS ticks FROM batches
       WHERE session_id = $1 AND first_ts < $3 AND last_ts >= $2 GROUP BY 1) AS minutes
     ORDER BY 1`,
    [sessionId, isoFromUs(fromUs), isoFromUs(toUs)],
  )
  return rows.map(({ minute, ticks }) => ({ fromUs: Number(minute), ticks: Number(ticks) }))
}
