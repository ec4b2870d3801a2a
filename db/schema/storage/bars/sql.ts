/** Pieces of SQL that the bars are made of. All of it is immutable, as a continuous aggregate may hold nothing else. */

import type { Aggregate } from '../objects.ts'

/**
 * What is said of the first values of a request. They are state and no event: they count in no bar.
 */
export const IS_EVENT = "(marks IS NULL OR ',' || marks || ',' NOT LIKE '%,initial,%')"

/** Of two ticks at one microsecond, which only two sessions can have, the one of the earlier session is the earlier one. */
export const TICK_ORDER: readonly string[] = ['ts', 'session_id']
/** Bars of one instrument and source have their times alone. */
export const BAR_ORDER: readonly string[] = ['ts']

/** The value of the earliest row, or of the earliest one for which `condition` holds; null without any. */
export function earliest(value: string, order: readonly string[], condition?: string): string {
  return bookend('min', value, order, condition)
}

/** The value of the latest row, or of the latest one for which `condition` holds; null without any. */
export function latest(value: string, order: readonly string[], condition?: string): string {
  return bookend('max', value, order, condition)
}

/**
 * The least or greatest array that begins with time and session. TimescaleDB's first() and last() know no order among rows of one time, and take
 * one of them as it comes; this takes the same one on every server, and is on plain PostgreSQL as fast as elsewhere. A time is a number of
 * seconds here: microseconds of this millennium stay apart in float8.
 */
function bookend(aggregate: 'min' | 'max', value: string, order: readonly string[], condition: string | undefined): string {
  const keys = order.map((key) => (key === 'ts' ? "date_part('epoch', ts - timestamptz '1970-01-01 00:00:00+00')" : key))
  return `(${aggregate}(ARRAY[${[...keys, value].join(', ')}])${where(condition)})[${order.length + 1}]`
}

/** `FILTER (WHERE …)`, or nothing. */
function where(condition: string | undefined): string {
  return condition === undefined ? '' : ` FILTER (WHERE ${condition})`
}

/** Bars of a longer width out of shorter ones: `figures` is what becomes of their columns. */
export function rolledUp({ figures, ...aggregate }: Omit<Aggregate, 'kind' | 'query'> & { figures: string }): Aggregate {
  const { from, bucket } = aggregate
  return {
    ...aggregate,
    kind: 'aggregate',
    query: `SELECT instrument_id, source, time_bucket(interval '${bucket}', ts) AS ts,
  ${figures}
FROM ${from}
GROUP BY 1, 2, 3`,
  }
}
