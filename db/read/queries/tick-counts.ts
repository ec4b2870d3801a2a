/** How many ticks of each kind a time has, contract by contract, and how many have which mark. One pass over each table of ticks. */

import type pg from 'pg'

import type { TickFigures } from '../../../market/quality/contract-day.ts'
import { IN_TICK_RANGE, type TickRange, tickRangeParameters } from './sessions-between.ts'

const counts = (table: string, kind: string, more = '0 AS merged, 0 AS minute') => `
  SELECT instrument_id, '${kind}' AS kind, count(*) AS ticks, count(*) FILTER (WHERE delayed) AS delayed,
    count(*) FILTER (WHERE 'initial' = ANY (string_to_array(marks, ','))) AS initial,
    count(*) FILTER (WHERE 'late' = ANY (string_to_array(marks, ','))) AS late, ${more}
  FROM ${table} WHERE ${IN_TICK_RANGE} GROUP BY instrument_id`

const OF_QUOTES = `count(*) FILTER (WHERE 'merged' = ANY (string_to_array(marks, ','))) AS merged,
    count(*) FILTER (WHERE ts < date_trunc('minute', ts) + interval '1 second') AS minute`

const COUNTS = `
SELECT instrument_id::int AS instrument, sum(ticks) FILTER (WHERE kind = 'quotes')::float8 AS quotes,
  sum(ticks) FILTER (WHERE kind = 'trades')::float8 AS trades, sum(ticks) FILTER (WHERE kind = 'greeks')::float8 AS greeks,
  sum(ticks) FILTER (WHERE kind = 'statistics')::float8 AS statistics, sum(delayed)::float8 AS delayed, sum(initial)::float8 AS initial,
  sum(late)::float8 AS late, sum(merged)::float8 AS merged, sum(minute)::float8 AS "onMinute"
FROM (${[
  counts('quotes', 'quotes', OF_QUOTES),
  counts('trades', 'trades'),
  counts('option_greeks', 'greeks'),
  counts('statistics', 'statistics'),
].join('\n  UNION ALL')}
) AS counted GROUP BY instrument_id`

/**
 * By number of the contract.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function tickCounts(client: Pick<pg.ClientBase, 'query'>, range: TickRange): Promise<Map<number, TickFigures>> {
  type Row = { [Name in keyof TickFigures]: number | null } & { instrument: number }
  const { rows } = await client.query<Row>(COUNTS, tickRangeParameters(range))
  return new Map(
    rows.map(({ instrument, ...counts }) => [
      instrument,
      Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count ?? 0])) as unknown as TickFigures,
    ]),
  )
}
