/**
 * What was wanted and what is missing: the gaps of a time, how long each contract was held, and its hours. Read by `tapedeck gaps`.
 *
 * A gap without an instrument is of all lines of its session, or of those that the farm in its cause serves; it is given for each
 * contract that it is of. That of a session without contracts (no gateway ever answered) has none to be of, and is given by itself.
 */

import type pg from 'pg'

import type { ListedHours } from '../../../market/contract.ts'
import { isoFromUs } from '../../../market/time.ts'
import { microseconds } from '../../microseconds.ts'
import { BEGIN_SNAPSHOT } from '../../transaction.ts'

export interface CoverageQuery {
  fromUs: number
  toUs: number
  /** Only these stocks and indices, and their options. */
  symbols?: readonly string[] | undefined
  /** Only contracts of these kinds: of a chain there may be thousands, each with many turns. */
  kinds?: readonly string[] | undefined
}

export interface RecordedGap {
  sessionId: number
  /** With the begin, its number in its session. */
  seq: number
  fromUs: number
  toUs: number
  cause: string
  /** Number of the instrument in the database; absent: of all lines, or of those of a farm. */
  instrument?: number
  feed?: string
  droppedTicks?: number
  /** Its session goes on, and it reaches up to the last sign of life: it may go on too. */
  isOpen?: true
}

export interface WantedContract {
  instrument: number
  key: string
  symbol: string
  kind: string
  currency: string
  /** Of an option or a future: the last day on which it trades, `YYYY-MM-DD`. */
  lastTradeDate: string | null
}

export interface Hold {
  instrument: number
  sessionId: number
  fromUs: number
  toUs: number
}

export interface FirstWanted {
  instrument: number
  sessionId: number
  us: number
}

export interface RecordedCoverage {
  /** Of the symbols that are asked for, those of the sessions. */
  contracts: WantedContract[]
  /** Of market-data lines, of every symbol: what the others had says what a session wanted when. */
  holds: Hold[]
  /** When such a line was wanted and not held, gaps of all lines or not. */
  missing: Hold[]
  /** When each of its contracts had a line or was missing first, in each session of the gaps and holds, in the range or not. */
  firsts: FirstWanted[]
  gaps: RecordedGap[]
  /** Which contracts each session had. */
  sessions: Map<number, number[]>
  /** What was listed of the hours of contracts. */
  hours: ListedFor[]
}

/** Most contracts of a chain have the same hours. */
export interface ListedFor {
  hours: ListedHours
  instruments: number[]
}

type Client = Pick<pg.ClientBase, 'query'>

const END = 'COALESCE(s.ended_ts, s.last_alive_ts)'
const us = (column: string) => `${microseconds(column)}::float8`

const LAST = `SELECT ${us(`max(${END})`)} AS last FROM sessions s`

/** As the index has it. */
const HELD = `tstzrange(LEAST(opened_ts, until_ts), COALESCE(until_ts, 'infinity'), '[]')`

const HOLDS = `
SELECT instrument_id::int AS instrument, session_id::float8 AS "sessionId", ${us('opened_ts')} AS "fromUs",
  ${us(`COALESCE(until_ts, ${END})`)} AS "toUs"
FROM line_holds JOIN sessions s USING (session_id) JOIN instruments i USING (instrument_id)
WHERE ${HELD} && tstzrange($1, $2) AND instrument_id IS NOT NULL AND feed IS NULL AND opened_ts < $2 AND COALESCE(until_ts, ${END}) > $1
  AND ($3::text[] IS NULL OR i.kind = ANY ($3))
ORDER BY opened_ts`

const MISSING = `
SELECT instrument_id::int AS instrument, session_id::float8 AS "sessionId", ${us('from_ts')} AS "fromUs", ${us('to_ts')} AS "toUs"
FROM line_gaps_between($1, $2) JOIN instruments USING (instrument_id)
WHERE feed IS NULL AND ($3::text[] IS NULL OR kind = ANY ($3)) ORDER BY from_ts`

const GAPS = `
SELECT session_id::float8 AS "sessionId", seq::float8 AS seq, ${us('from_ts')} AS "fromUs", ${us('to_ts')} AS "toUs", cause,
  instrument_id::int AS instrument, feed, dropped_ticks::float8 AS "droppedTicks",
  CASE WHEN s.ended_ts IS NULL AND to_ts = s.last_alive_ts THEN true END AS "isOpen"
FROM feed_gaps_between($1, $2) LEFT JOIN instruments i USING (instrument_id) LEFT JOIN sessions s USING (session_id)
WHERE ($3::text[] IS NULL OR instrument_id IS NULL OR symbol = ANY ($3)) AND ($4::text[] IS NULL OR instrument_id IS NULL OR i.kind = ANY ($4))
ORDER BY from_ts, session_id, seq`

const SESSIONS = `
SELECT session_id::float8 AS "sessionId", array_agg(instrument_id::int) AS instruments
FROM session_instruments WHERE session_id = ANY ($1) GROUP BY session_id`

/** The first one of each line is one look at an index, however long the session. */
const FIRSTS = `
SELECT * FROM (
  SELECT i.instrument_id::int AS instrument, i.session_id::float8 AS "sessionId", ${us(`LEAST(
    (SELECT h.opened_ts FROM line_holds h
     WHERE h.session_id = i.session_id AND h.instrument_id = i.instrument_id AND h.feed IS NULL ORDER BY h.opened_seq LIMIT 1),
    (SELECT m.since_ts FROM missing_lines m
     WHERE m.session_id = i.session_id AND m.instrument_id = i.instrument_id AND m.feed IS NULL ORDER BY m.noted_ts, m.seq LIMIT 1))`)} AS us
  FROM session_instruments i WHERE i.session_id = ANY ($1)
) AS firsts WHERE us IS NOT NULL`

const CONTRACTS = `
SELECT instrument_id::int AS instrument, key, symbol, kind, currency, COALESCE(last_trade_date, expiry)::text AS "lastTradeDate"
FROM instruments WHERE instrument_id = ANY ($2) AND ($1::text[] IS NULL OR symbol = ANY ($1)) AND ($3::text[] IS NULL OR kind = ANY ($3)) ORDER BY key`

/** Those of the sessions, and the newest ones for what a session did not know. */
const HOURS = `
SELECT hours, array_agg(instrument::int) AS instruments
FROM (
  SELECT instrument_id AS instrument, record->'contract'->'hours' AS hours FROM control_records
  WHERE kind = 'contract' AND session_id = ANY ($1) AND instrument_id = ANY ($2)
  UNION
  SELECT instrument_id, hours FROM instruments WHERE instrument_id = ANY ($2)
) AS listed
WHERE hours IS NOT NULL GROUP BY hours`

/**
 * The last moment that is recorded; undefined when nothing is.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function lastRecorded(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ last: number | null }>(LAST)
  return rows[0]?.last ?? undefined
}

/**
 * Reads what is recorded of gaps and holds between two times, all of it as of one moment. The cost follows the range and not the history.
 *
 * @param client in no transaction
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function recordedCoverage(client: Client, query: CoverageQuery): Promise<RecordedCoverage> {
  // Compiling these queries takes longer than running them for a day.
  await client.query(`${BEGIN_SNAPSHOT}; SET LOCAL jit = off`)
  try {
    return await readCoverage(client, query)
  } finally {
    await client.query('ROLLBACK').catch(() => undefined)
  }
}

async function readCoverage(client: Client, { fromUs, toUs, symbols, kinds: ofKinds }: CoverageQuery): Promise<RecordedCoverage> {
  const range = [isoFromUs(fromUs), isoFromUs(Math.max(fromUs, toUs))]
  const kinds = ofKinds ?? null
  const { rows: holds } = await client.query<Hold>(HOLDS, [...range, kinds])
  const { rows: missing } = await client.query<Hold>(MISSING, [...range, kinds])
  const { rows: gaps } = await client.query<{ [Name in keyof RecordedGap]: RecordedGap[Name] | null }>(GAPS, [
    ...range,
    symbols ?? null,
    kinds,
  ])
  const ids = [...new Set([...gaps, ...holds].map(({ sessionId }) => sessionId))]
  const { rows: sessions } = await client.query<{ sessionId: number; instruments: number[] }>(SESSIONS, [ids])
  const { rows: firsts } = await client.query<FirstWanted>(FIRSTS, [ids])
  const instruments = [...new Set(sessions.flatMap((session) => session.instruments))]
  const { rows: contracts } = await client.query<WantedContract>(CONTRACTS, [symbols ?? null, instruments, kinds])
  const { rows: hours } = await client.query<ListedFor>(HOURS, [ids, contracts.map(({ instrument }) => instrument)])
  return {
    contracts,
    holds,
    missing,
    firsts,
    gaps: gaps.map((gap) => Object.fromEntries(Object.entries(gap).filter(([, value]) => value !== null)) as unknown as RecordedGap),
    sessions: new Map(sessions.map(({ sessionId, instruments }) => [sessionId, instruments])),
    hours,
  }
}
