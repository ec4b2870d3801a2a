/**
 * What the database knows of filling gaps: the state of each (table gap_repairs), the trades that are there around one, and the contract as the
 * broker described it last.
 */

import pg from 'pg'

import type { Contract } from '../../market/contract.ts'
import type { Span } from '../../market/coverage.ts'
import type { TradeSource } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { bestSource } from '../../market/trade-sources.ts'
import { parseJsonb } from '../jsonb.ts'
import { microseconds } from '../microseconds.ts'
import { IS_EVENT } from '../schema/storage/bars/sql.ts'

type Client = Pick<pg.ClientBase, 'query'>

export const REPAIR_STATES = ['pending', 'repaired', 'partly', 'refused', 'no-data'] as const
export type RepairState = (typeof REPAIR_STATES)[number]

/** A gap of one contract. */
export interface RepairKey {
  sessionId: number
  seq: number
  fromUs: number
  instrument: number
  series: 'trades' | 'quotes'
}

export interface GapRepair extends RepairKey {
  toUs: number
  state: RepairState
  reason?: string
  ticks: number
  reconciledTicks: number
  /** The session with the last of the ticks. */
  repairedBy?: number
  notedUs: number
}

/** What is new of it. */
export interface RepairNote extends RepairKey {
  toUs: number
  state: RepairState
  reason?: string | undefined
  /** To be added to what is noted. */
  ticks?: number
  reconciledTicks?: number
  repairedBy?: number | undefined
}

export function repairName({ sessionId, seq, fromUs, instrument, series }: RepairKey): string {
  return `${sessionId} ${seq} ${fromUs} ${instrument} ${series}`
}

const us = (column: string) => `${microseconds(column)}::float8`

const READ = `
SELECT session_id::float8 AS "sessionId", seq::float8 AS seq, ${us('from_ts')} AS "fromUs", ${us('to_ts')} AS "toUs", instrument_id::float8 AS instrument,
  series, state, reason, ticks::float8 AS ticks, reconciled_ticks::float8 AS "reconciledTicks", repaired_by::float8 AS "repairedBy", ${us('noted_at')} AS "notedUs"
FROM gap_repairs
WHERE tstzrange(LEAST(from_ts, to_ts), GREATEST(from_ts, to_ts), '[]') && tstzrange($1, $2) ORDER BY from_ts, instrument_id, series`

/** Those of gaps that lie in a time or reach into it. */
export async function readRepairs(client: Client, { fromUs, toUs }: Span): Promise<GapRepair[]> {
  const { rows } = await client.query<{ [Name in keyof GapRepair]: GapRepair[Name] | null }>(READ, [isoFromUs(fromUs), isoFromUs(toUs)])
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as GapRepair)
}

/** A statement that notes it: counts are added to those that are there, as a gap may be filled in several transactions. */
export function noteRepairSql(notes: readonly RepairNote[]): string {
  const rows = notes.map(
    ({ sessionId, seq, fromUs, toUs, instrument, series, state, reason, ticks = 0, reconciledTicks = 0, repairedBy }) => {
      const key = `${sessionId}, ${seq}, '${isoFromUs(fromUs)}'::timestamptz, '${isoFromUs(toUs)}'::timestamptz, ${instrument}, '${series}'`
      const why = reason === undefined ? 'NULL' : pg.escapeLiteral(reason)
      return `(${key}, '${state}', ${why}, ${ticks}, ${reconciledTicks}, ${repairedBy ?? 'NULL'}::bigint)`
    },
  )
  return `INSERT INTO gap_repairs AS r (session_id, seq, from_ts, to_ts, instrument_id, series, state, reason, ticks, reconciled_ticks, repaired_by)
    VALUES ${rows.join(', ')}
    ON CONFLICT (session_id, seq, from_ts, instrument_id, series) DO UPDATE SET to_ts = EXCLUDED.to_ts, state = EXCLUDED.state, reason = EXCLUDED.reason,
      ticks = r.ticks + EXCLUDED.ticks, reconciled_ticks = r.reconciled_ticks + EXCLUDED.reconciled_ticks,
      repaired_by = COALESCE(EXCLUDED.repaired_by, r.repaired_by), noted_at = clock_timestamp()`
}

/** Notes a request for a gap before it is sent. Returns its number. With what was recorded, its answer makes the time whole, as one for all ticks does. */
export async function askedForGap(
  client: Client,
  { instrument, series, fromUs, toUs }: Span & Pick<RepairKey, 'instrument' | 'series'>,
): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `INSERT INTO backfill_requests (instrument_id, series, from_ts, to_ts) VALUES ($1, $2, $3, $4) RETURNING request_id::float8 AS id`,
    [instrument, series, isoFromUs(fromUs), isoFromUs(toUs)],
  )
  return rows[0]?.id ?? Number.NaN
}

/** A statement that notes such a request as answered; `toUs`: behind the last second that is whole now. */
export function finishedSql(
  requestId: number,
  { toUs, noData, ticks, sessionId }: { toUs: number; noData: string | undefined; ticks: number; sessionId: number | undefined },
): string {
  const outcome = noData === undefined ? "'stored', NULL" : `'no-data', ${pg.escapeLiteral(noData)}`
  return `UPDATE backfill_requests SET (ended_at, outcome, reason, to_ts, ticks, session_id) =
    (clock_timestamp(), ${outcome}, '${isoFromUs(toUs)}', ${ticks}, ${sessionId ?? 'NULL'}) WHERE request_id = ${requestId}`
}

/** A trade that the database has. */
export interface StoredTrade {
  eventTsUs: number
  price: number
  size: number | undefined
  venue: string | undefined
  conditions: string | undefined
}

/** So near to a gap must the trades be that say from which source its contract is recorded. */
const NEAR = "interval '4 days'"
const NEARBY = 500

const SOURCES = `
SELECT DISTINCT source FROM (
  (SELECT source, session_id FROM trades WHERE instrument_id = $1 AND ts < $2 AND ts > $2::timestamptz - ${NEAR} ORDER BY ts DESC LIMIT ${NEARBY})
  UNION ALL
  (SELECT source, session_id FROM trades WHERE instrument_id = $1 AND ts >= $3 AND ts < $3::timestamptz + ${NEAR} ORDER BY ts LIMIT ${NEARBY})
) AS near WHERE NOT EXISTS (SELECT FROM sessions s WHERE s.session_id = near.session_id AND s.kind = 'history')`

/** The best source of live trades of a contract around a time; undefined without any. */
export async function liveSource(client: Client, instrument: number, { fromUs, toUs }: Span): Promise<TradeSource | undefined> {
  const { rows } = await client.query<{ source: TradeSource }>(SOURCES, [instrument, isoFromUs(fromUs), isoFromUs(toUs)])
  return bestSource(new Set(rows.map(({ source }) => source)))
}

/** A trade arrives so long after the second that it was made in at most, and so long before it by a clock that is behind. */
const ARRIVAL = { laterUs: 60_000_000, earlierUs: 5_000_000 }

/** Quarantined ones are on the tape too: history must not bring them back. */
const TRADES = `
SELECT event AS "eventTsUs", price, size, venue, conditions FROM (
  SELECT ${us('COALESCE(event_ts, ts)')} AS event, price, size, venue, conditions, session_id, ts, seq
  FROM trades WHERE instrument_id = $1 AND source = $2 AND ts >= $3 AND ts < $4 AND ${IS_EVENT}
  UNION ALL
  SELECT COALESCE((tick->>'eventTsUs')::float8, ${us('ts')}), (tick->>'price')::float8, (tick->>'size')::float8, tick->>'venue', tick->>'conditions',
    session_id, ts, seq
  FROM rejected_ticks WHERE instrument_id = $1 AND kind = 'trade' AND tick->>'source' = $2 AND ts >= $3 AND ts < $4
    AND jsonb_typeof(tick->'price') = 'number'
) AS there WHERE event >= $5 AND event < $6 ORDER BY event, session_id, ts, seq`

/** The trades of one source that the database has of a time, by the venue's time. */
export async function storedTrades(
  client: Client,
  instrument: number,
  source: TradeSource,
  { fromUs, toUs }: Span,
): Promise<StoredTrade[]> {
  const arrived = [isoFromUs(fromUs - ARRIVAL.earlierUs), isoFromUs(toUs + ARRIVAL.laterUs)]
  const { rows } = await client.query<{ [Name in keyof StoredTrade]: StoredTrade[Name] | null }>(TRADES, [
    instrument,
    source,
    ...arrived,
    fromUs,
    toUs,
  ])
  return rows.map(({ eventTsUs, price, size, venue, conditions }) => ({
    eventTsUs: eventTsUs ?? 0,
    price: price ?? Number.NaN,
    size: size ?? undefined,
    venue: venue ?? undefined,
    conditions: conditions ?? undefined,
  }))
}

const QUOTE_SECONDS = `
SELECT DISTINCT ${us("date_trunc('second', COALESCE(event_ts, ts))")} AS "eventTsUs"
FROM quotes WHERE instrument_id = $1 AND source IS NULL AND ts >= $2 AND ts < $3`

/** The seconds of a time in which the database has quotes of market data. */
export async function storedQuoteSeconds(client: Client, instrument: number, { fromUs, toUs }: Span): Promise<{ eventTsUs: number }[]> {
  const { rows } = await client.query<{ eventTsUs: number }>(QUOTE_SECONDS, [instrument, isoFromUs(fromUs), isoFromUs(toUs)])
  return rows
}

const CONTRACTS = `
SELECT DISTINCT ON (instrument_id) instrument_id::float8 AS instrument, (record->'contract')::text AS contract
FROM control_records WHERE kind = 'contract' AND instrument_id = ANY ($1) ORDER BY instrument_id, ts DESC`

/** As they were described last, by the database's number. */
export async function describedContracts(client: Client, instruments: readonly number[]): Promise<Map<number, Contract>> {
  const { rows } = await client.query<{ instrument: number; contract: string }>(CONTRACTS, [instruments])
  // The jsonb was written from a contract, by keepControlRecords.
  return new Map(rows.map(({ instrument, contract }) => [instrument, parseJsonb(contract) as Contract]))
}
