/**
 * The sessions that may have ticks of a time, with which the indexes of the tables of ticks find those of the time, also where the tables
 * are no hypertables; and what the queries of a report have in common.
 */

import type pg from 'pg'

import { isoFromUs } from '../../../market/time.ts'
import { BEGIN_SNAPSHOT } from '../../transaction.ts'

/** Of which ticks a report is. */
export interface TickRange {
  fromUs: number
  toUs: number
  /** Those of `sessionsBetween`. */
  sessions: readonly number[]
  /** Only these contracts; undefined: all. */
  instruments?: readonly number[] | undefined
}

/** The parameters $1 to $4 of its queries. */
export function tickRangeParameters({ fromUs, toUs, sessions, instruments }: TickRange): unknown[] {
  return [isoFromUs(fromUs), isoFromUs(toUs), sessions, instruments ?? null]
}

/** What their WHERE begins with. */
export const IN_TICK_RANGE =
  'ts >= $1 AND ts < $2 AND session_id = ANY ($3::bigint[]) AND ($4::bigint[] IS NULL OR instrument_id = ANY ($4))'

/** What a sort or a grouping of a day's ticks may take before it goes to disk. */
const WORK_MEMORY = '64MB'

/**
 * Runs `read` with everything as of one moment, set for few queries over many rows.
 *
 * @param client in no transaction
 */
export async function inReport<T>(client: Pick<pg.ClientBase, 'query'>, read: () => Promise<T>): Promise<T> {
  await client.query(`${BEGIN_SNAPSHOT}; SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL jit = off`)
  try {
    return await read()
  } finally {
    await client.query('ROLLBACK').catch(() => undefined)
  }
}

const SESSIONS = `
SELECT session_id::float8 AS id FROM sessions
WHERE COALESCE(started_ts, '-infinity') < $2 AND COALESCE(ended_ts, 'infinity') >= $1 ORDER BY session_id`

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function sessionsBetween(
  client: Pick<pg.ClientBase, 'query'>,
  { fromUs, toUs }: { fromUs: number; toUs: number },
): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(SESSIONS, [isoFromUs(fromUs), isoFromUs(toUs)])
  return rows.map(({ id }) => id)
}
