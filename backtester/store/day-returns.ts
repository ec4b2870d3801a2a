/** Returns of the trading days of the runs of an experiment. */

import type pg from 'pg'

/** In order, by the numbers of the runs of that phase. NaN: not defined. */
export async function readDayReturns(
  client: Pick<pg.ClientBase, 'query'>,
  experiment: string,
  phase: string,
): Promise<Map<number, number[]>> {
  const { rows } = await client.query<{ runId: number; returns: (number | null)[] }>(
    `SELECT run_id::float8 AS "runId", array_agg(day_return ORDER BY session_date) AS returns
     FROM runs JOIN run_days USING (run_id) WHERE experiment = $1 AND phase = $2 GROUP BY run_id`,
    [experiment, phase],
  )
  return new Map(rows.map(({ runId, returns }) => [runId, returns.map((one) => one ?? Number.NaN)]))
}
