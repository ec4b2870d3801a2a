/**
 * What was wanted and what is missing: the gaps of a time, and how long each contract was held. Read by `tapedeck gaps`.
 *
 * A gap without an instrument is of all lines of its session, or of those that the farm in its cause serves; it is given for each
 * contract that it is of. That of a session without contracts (no gateway ever answered) has none to be of, and is given by itself.
 */

import type pg from 'pg'

import { isoFromUs } from '../../../market/time.ts'
import { microseconds } from '../../microseconds.ts'

export interface CoverageQuery {
  fromUs?: number | undefined
  toUs?: number | undefined
  /** Only these stocks and indices, and their options. */
  symbols?: readonly string[] | undefined
}

export interface RecordedGap {
  sessionId: number
  fromUs: number
  toUs: number
  cause: string
  /** Number of the instrument in the database; absent: of all lines, or of those of a farm. */
  instrument?: number
  feed?: string
  droppedTicks?: number
}

export interface WantedContract {
  instrument: number
  key: string
  symbol: string
  kind: string
  currency: string
}

export interface Hold {
  instrument: number
  sessionId: number
  fromUs: number
  toUs: number
}

export interface RecordedCoverage {
  contracts: WantedContract[]
  /** Of market-data lines. */
  holds: Hold[]
  gaps: RecordedGap[]
  /** Which contracts each session had. */
  sessions: Map<number, number[]>
  /** The last moment that is recorded. */
  lastUs: number | undefined
}

const END = 'COALESCE(s.ended_ts, s.last_alive_ts)'
const us = (column: string) => `${microseconds(column)}::float8`

const LAST = `SELECT ${us(`max(${END})`)} AS last FROM sessions s`

const CONTRACTS = `
SELECT instrument_id::int AS instrument, key, symbol, kind, currency FROM instruments WHERE $1::text[] IS NULL OR symbol = ANY ($1) ORDER BY key`

const HOLDS = `
SELECT instrument_id::int AS instrument, session_id::float8 AS "sessionId", ${us('opened_ts')} AS "fromUs",
  ${us(`COALESCE(until_ts, ${END})`)} AS "toUs"
FROM line_holds JOIN sessions s USING (session_id) JOIN instruments USING (instrument_id)
WHERE feed IS NULL AND opened_ts < $3 AND COALESCE(until_ts, ${END}) > $2 AND ($1::text[] IS NULL OR symbol = ANY ($1))
ORDER BY opened_ts`

const GAPS = `
SELECT session_id::float8 AS "sessionId", ${us('from_ts')} AS "fromUs", ${us('to_ts')} AS "toUs", cause,
  instrument_id::int AS instrument, feed, dropped_ticks::float8 AS "droppedTicks"
FROM feed_gaps g LEFT JOIN instruments USING (instrument_id)
WHERE from_ts < $3 AND to_ts > $2 AND ($1::text[] IS NULL OR instrument_id IS NULL OR symbol = ANY ($1))
ORDER BY from_ts, session_id, seq`

const SESSIONS = `
SELECT session_id::float8 AS "sessionId", array_agg(DISTINCT instrument_id::int) AS instruments
FROM (SELECT session_id, instrument_id FROM session_instruments UNION SELECT session_id, instrument_id FROM line_gaps) AS known
WHERE instrument_id IS NOT NULL AND session_id = ANY ($1) GROUP BY session_id`

/**
 * Reads what is recorded of gaps and holds between two times; absent ends are open. Costs a scan of the control records of lines: some
 * seconds for a year of them.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function recordedCoverage(
  client: Pick<pg.ClientBase, 'query'>,
  { fromUs, toUs, symbols }: CoverageQuery,
): Promise<RecordedCoverage> {
  const range = [symbols ?? null, fromUs === undefined ? '-infinity' : isoFromUs(fromUs), toUs === undefined ? 'infinity' : isoFromUs(toUs)]
  const last = await client.query<{ last: number | null }>(LAST)
  const { rows: contracts } = await client.query<WantedContract>(CONTRACTS, [symbols ?? null])
  const { rows: holds } = await client.query<Hold>(HOLDS, range)
  const { rows: gaps } = await client.query<{ [Name in keyof RecordedGap]: RecordedGap[Name] | null }>(GAPS, range)
  const ids = [...new Set([...gaps.map(({ sessionId }) => sessionId), ...holds.map(({ sessionId }) => sessionId)])]
  const sessions = await client.query<{ sessionId: number; instruments: number[] }>(SESSIONS, [ids])
  return {
    contracts,
    holds,
    gaps: gaps.map((gap) => Object.fromEntries(Object.entries(gap).filter(([, value]) => value !== null)) as unknown as RecordedGap),
    sessions: new Map(sessions.rows.map(({ sessionId, instruments }) => [sessionId, instruments])),
    lastUs: last.rows[0]?.last ?? undefined,
  }
}
