/** Of the minutes in which an option's quote changed, those in which an implied volatility came too. IB computes anew with each change. */

import type pg from 'pg'

import { IN_TICK_RANGE, type TickRange, tickRangeParameters } from './sessions-between.ts'

/** Prices of 0 have no volatility. */
const COMPUTED = `
SELECT instrument_id::int AS instrument, count(*)::float8 AS "quotedMinutes", count(*) FILTER (WHERE computed)::float8 AS minutes
FROM (
  SELECT instrument_id, bool_or(NOT is_computed) AS quoted, bool_or(is_computed) AS computed
  FROM (
    SELECT instrument_id, date_bin('1 minute', ts, 'epoch') AS minute, false AS is_computed
    FROM quotes WHERE ${IN_TICK_RANGE} AND bid_price > 0 AND ask_price > 0
    UNION ALL
    SELECT instrument_id, date_bin('1 minute', ts, 'epoch'), true
    FROM option_greeks WHERE ${IN_TICK_RANGE} AND implied_volatility IS NOT NULL
  ) AS ticks JOIN instruments USING (instrument_id) WHERE kind = 'option' GROUP BY instrument_id, minute
) AS minutes WHERE quoted GROUP BY instrument_id`

export interface ComputedMinutes {
  minutes: number
  quotedMinutes: number
}

/**
 * Of options, by number of the contract; without those whose quote had two sides in no minute.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function computedMinutes(client: Pick<pg.ClientBase, 'query'>, range: TickRange): Promise<Map<number, ComputedMinutes>> {
  const { rows } = await client.query<ComputedMinutes & { instrument: number }>(COMPUTED, tickRangeParameters(range))
  return new Map(rows.map(({ instrument, ...minutes }) => [instrument, minutes]))
}
