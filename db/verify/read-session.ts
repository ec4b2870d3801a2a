/**
 * Reads a session for its proof: all of its records, through the same reader as a replay, and the markers of its batches, everything as of
 * one moment. Of rejected records, also those that a replay does not see.
 */

import type pg from 'pg'

import type { Contract } from '../../market/contract.ts'
import type { ControlRecord, TapeRecord } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { parseJsonb } from '../jsonb.ts'
import { microseconds } from '../microseconds.ts'
import { connectClient } from '../pool.ts'
import { readControlRecords } from '../read/control-records.ts'
import { readMerged, withReader } from '../read/table-streams.ts'
import { AS_RECORDED, FINDINGS, REJECTED_TICKS, TICK_TABLES } from '../schema/tick-tables.ts'
import { DROPPED_OF_SESSIONS, droppedOfAll } from '../read/queries/dropped-before.ts'
import { BEGIN_SNAPSHOT } from '../transaction.ts'
import { refusedNumber } from '../write/copy-encode.ts'
import { readInstruments } from '../write/instruments.ts'
import type { ContractOf } from './content.ts'
import type { FindingsOf } from './finding-counts.ts'

/** The marker of a batch. */
export interface Marker {
  batchNo: number
  acceptedTicks: number
  quarantinedTicks: number
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  /** Absent, as the hashes: written by a version that kept none. */
  firstSeq: number | undefined
  lastSeq: number | undefined
  content: Buffer | undefined
  chain: Buffer | undefined
  /** Committed shortly before it was read: batches before it may still be on their way. */
  isRecent: boolean
  /** Began before the time up to which ticks of its session were dropped on purpose: not all of its rows need be there. */
  isDropped: boolean
}

/** A row of the table of gaps. */
export interface GapRow {
  seq: number
  fromTsUs: number
  toTsUs: number
  cause: string
  instrument: number | undefined
  droppedTicks: number | undefined
}

/** What the table of sessions says. */
export interface SessionRow {
  /** Of its last session record. */
  lastAliveTsUs: number | undefined
  endedTsUs: number | undefined
  endedCause: string | undefined
}

export interface SessionTape {
  session: SessionRow
  /** By number. */
  markers: AsyncIterable<Marker>
  gaps: GapRow[]
  findings: FindingsOf
  contractOf: ContractOf
  /** In the order of (tsUs, seq). */
  records: AsyncIterable<TapeRecord[]>
}

/** Gives a session's tape to `use`, and closes what it read with. */
export type ReadSession = <T>(url: string, sessionId: number, use: (tape: SessionTape) => Promise<T>) => Promise<T>

const MARKERS_AT_ONCE = 5000
/** Several times as long as an attempt to write a batch takes at most (db/write/tick-store.ts). */
const RECENT = '10 minutes'
/** So far around the session's time its rows are read; others are looked for by `strayRows`. */
const AROUND_US = 86_400_000_000
const STRAYS = 20
const TICK_KINDS = TICK_TABLES.map(({ kind }) => `'${kind}'`).join(', ')
const number = (text: string | null) => (text === null ? undefined : Number(text))

export const readSession: ReadSession = async (url, sessionId, use) => {
  const selection = { sessionId, ...(await boundsOf(url, sessionId)), instrumentIds: undefined, includeQuarantined: true }
  let known: Known | undefined
  // Of the same moment, and open until the last marker is read, which may be behind the last record.
  const beside = await connectClient(url)
  const stream = readMerged<TapeRecord>(url, selection, async (main) => {
    const { rows } = await main.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
    await beside.query(`${BEGIN_SNAPSHOT}; SET TRANSACTION SNAPSHOT '${rows[0]?.snapshot}'`)
    known = await readKnown(beside, selection)
    return known.controls
  })
  const iterator = stream[Symbol.asyncIterator]()
  try {
    const first = await iterator.next()
    if (!known) throw new Error('the session was not read')
    const { session, gaps, findings, contractOf, tapeNumbers } = known
    const markers = readMarkers(beside, sessionId)
    return await use({ session, gaps, findings, contractOf, markers, records: renumbered(first, iterator, tapeNumbers) })
  } finally {
    await iterator.return?.(undefined)
    await beside.end().catch(() => undefined)
  }
}

/**
 * Times of rows of a session that lie further outside of its time than its proof reads, the first ones.
 *
 * @throws FeedError when the database cannot be read
 */
export async function strayRows(url: string, sessionId: number): Promise<{ table: string; seq: number; tsUs: number }[]> {
  const { fromUs, toUs } = await boundsOf(url, sessionId)
  const strays: { table: string; seq: number; tsUs: number }[] = []
  for (const table of [...TICK_TABLES.map(({ name }) => name), REJECTED_TICKS.name, FINDINGS.name]) {
    // A transaction for each table: looking into every chunk of all of them would take more locks than a server has.
    const rows = await withReader(url, async (client) => {
      const found = await client.query<{ seq: string; ts: string }>(
        `SELECT seq, ${microseconds('ts')} AS ts FROM ${table}
         WHERE session_id = $1 AND ${table === FINDINGS.name ? `judgement_id = ${AS_RECORDED}` : 'true'} AND (ts < $2 OR ts >= $3) ORDER BY ts LIMIT ${STRAYS}`,
        [sessionId, isoFromUs(fromUs), isoFromUs(toUs)],
      )
      return found.rows
    })
    strays.push(...rows.map(({ seq, ts }) => ({ table, seq: Number(seq), tsUs: Number(ts) })))
  }
  return strays
}

/** The session's time by everything that tells it, and a day around. */
async function boundsOf(url: string, sessionId: number): Promise<{ fromUs: number; toUs: number }> {
  const { rows } = await withReader(url, (client) =>
    client.query<{ first: string | null; last: string | null }>(
      `SELECT ${microseconds('min(ts)')} AS first, ${microseconds('max(ts)')} AS last FROM (
         SELECT unnest(ARRAY[min(first_ts), max(last_ts)]) AS ts FROM batches WHERE session_id = $1
         UNION ALL SELECT unnest(ARRAY[min(ts), max(ts)]) FROM control_records WHERE session_id = $1
         UNION ALL SELECT unnest(ARRAY[started_ts, last_alive_ts, ended_ts]) FROM sessions WHERE session_id = $1) AS times`,
      [sessionId],
    ),
  )
  const [first, last] = [rows[0]?.first ?? null, rows[0]?.last ?? null]
  return { fromUs: Number(first ?? AROUND_US) - AROUND_US, toUs: Number(last ?? 0) + AROUND_US }
}

interface SessionBounds {
  sessionId: number
  fromUs: number
  toUs: number
}

interface Known {
  session: SessionRow
  controls: ControlRecord[]
  gaps: GapRow[]
  findings: FindingsOf
  contractOf: ContractOf
  /** The tape's own instruments of records whose instrument the database did not take, by seq. */
  tapeNumbers: Map<number, number>
}

async function readKnown(client: pg.Client, bounds: SessionBounds): Promise<Known> {
  const { sessionId } = bounds
  const contracts = await readInstruments(client, sessionId)
  const { rows: refused } = await client.query<{ seq: string; ts: string; kind: ControlRecord['kind']; record: string }>(
    `SELECT seq, ${microseconds('ts')} AS ts, kind, record::text FROM control_records
     WHERE session_id = $1 AND instrument_id IS NULL AND record ? 'instrument'
     UNION ALL
     SELECT seq, ${microseconds('ts')}, kind, tick::text FROM ${REJECTED_TICKS.name} r
     WHERE session_id = $1 AND kind NOT IN (${TICK_KINDS}) AND NOT EXISTS (SELECT FROM control_records c WHERE c.session_id = $1 AND c.seq = r.seq)`,
    [sessionId],
  )
  const unkept = refused.map(({ seq, ts, kind, record }) => {
    const fields = parseJsonb(record) as { instrument?: number; contract?: Contract }
    if (fields.instrument !== undefined) fields.instrument = refusedNumber(fields.instrument)
    return { ...fields, kind, seq: Number(seq), tsUs: Number(ts) } as ControlRecord
  })
  for (const record of unkept) if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
  const { rows: ticks } = await client.query<{ seq: string; instrument: string }>(
    `SELECT seq, tick->>'instrument' AS instrument FROM ${REJECTED_TICKS.name} WHERE session_id = $1 AND instrument_id IS NULL AND kind IN (${TICK_KINDS})`,
    [sessionId],
  )
  const own = new Set(unkept.map(({ seq }) => seq))
  const kept = (await readControlRecords(client, sessionId)).filter(({ seq }) => !own.has(seq))
  return {
    session: await readRow(client, sessionId),
    controls: [...kept, ...unkept].sort((a, b) => a.tsUs - b.tsUs || a.seq - b.seq),
    gaps: await readGaps(client, sessionId),
    findings: await countFindings(client, bounds),
    contractOf: (instrument) => contracts.get(instrument),
    tapeNumbers: new Map(ticks.map(({ seq, instrument }) => [Number(seq), Number(instrument)])),
  }
}

async function* renumbered(
  first: IteratorResult<TapeRecord[], unknown>,
  rest: AsyncIterator<TapeRecord[]>,
  tapeNumbers: ReadonlyMap<number, number>,
): AsyncGenerator<TapeRecord[]> {
  for (let next = first; !next.done; next = await rest.next()) {
    const records = next.value
    if (tapeNumbers.size > 0)
      for (const record of records)
        if ('instrument' in record && record.instrument === 0) {
          const tapeNumber = tapeNumbers.get(record.seq)
          if (tapeNumber !== undefined) record.instrument = refusedNumber(tapeNumber)
        }
    yield records
  }
}

async function* readMarkers(client: pg.Client, sessionId: number): AsyncGenerator<Marker> {
  let after = -1
  const droppedUs = await droppedBefore(client, sessionId)
  for (;;) {
    const { rows } = await client.query<Record<string, string | null> & { content_hash: Buffer | null; chain_hash: Buffer | null }>(
      `SELECT batch_no, accepted_ticks, quarantined_ticks, ${microseconds('first_ts')} AS first_ts, ${microseconds('last_ts')} AS last_ts,
         first_seq, last_seq, content_hash, chain_hash, 
         CASE WHEN committed_at > now() - interval '${RECENT}' THEN 'yes' END AS recent
       FROM batches WHERE session_id = $1 AND batch_no > $2 ORDER BY batch_no LIMIT ${MARKERS_AT_ONCE}`,
      [sessionId, after],
    )
    for (const row of rows) {
      after = Number(row['batch_no'])
      yield {
        batchNo: after,
        acceptedTicks: Number(row['accepted_ticks']),
        quarantinedTicks: Number(row['quarantined_ticks']),
        firstTsUs: number(row['first_ts'] ?? null),
        lastTsUs: number(row['last_ts'] ?? null),
        firstSeq: number(row['first_seq'] ?? null),
        lastSeq: number(row['last_seq'] ?? null),
        content: row.content_hash ?? undefined,
        chain: row.chain_hash ?? undefined,
        isRecent: row['recent'] === 'yes',
        isDropped: Number(row['first_ts'] ?? Number.POSITIVE_INFINITY) < droppedUs,
      }
    }
    if (rows.length < MARKERS_AT_ONCE) return
  }
}

/** Up to when ticks of the session may have been dropped on purpose. */
async function droppedBefore(client: pg.Client, sessionId: number): Promise<number> {
  const { rows } = await client.query<{ before: string }>(
    `WITH ${DROPPED_OF_SESSIONS}, latest AS (
       SELECT greatest($2::timestamptz, (SELECT before FROM dropped WHERE session_id = $1)) AS before)
     SELECT CASE WHEN isfinite(before) THEN ${microseconds('before')} END AS before FROM latest`,
    [sessionId, await droppedOfAll(client)],
  )
  return number(rows[0]?.before ?? null) ?? Number.NEGATIVE_INFINITY
}

async function readGaps(client: pg.Client, sessionId: number): Promise<GapRow[]> {
  const { rows } = await client.query<
    Record<'seq' | 'from_ts' | 'to_ts' | 'cause', string> & Record<'instrument_id' | 'dropped', string | null>
  >(
    `SELECT seq, ${microseconds('from_ts')} AS from_ts, ${microseconds('to_ts')} AS to_ts, cause, instrument_id, dropped_ticks AS dropped
     FROM gaps WHERE session_id = $1 ORDER BY seq`,
    [sessionId],
  )
  return rows.map(({ seq, from_ts, to_ts, cause, instrument_id, dropped }) => ({
    seq: Number(seq),
    fromTsUs: Number(from_ts),
    toTsUs: Number(to_ts),
    cause,
    instrument: number(instrument_id),
    droppedTicks: number(dropped),
  }))
}

async function countFindings(client: pg.Client, { sessionId, fromUs, toUs }: SessionBounds): Promise<FindingsOf> {
  const { rows } = await client.query<{ instrument: string; findings: string }>(
    `SELECT coalesce(instrument_id, 0) AS instrument, count(*) AS findings FROM ${FINDINGS.name}
     WHERE session_id = $1 AND judgement_id = ${AS_RECORDED} AND ts >= $2 AND ts < $3 GROUP BY 1 ORDER BY 1`,
    // Findings may stay where the ticks that came with them were dropped.
    [sessionId, isoFromUs(Math.max(fromUs, await droppedBefore(client, sessionId))), isoFromUs(toUs)],
  )
  return new Map(rows.map(({ instrument, findings }) => [Number(instrument), Number(findings)]))
}

async function readRow(client: pg.Client, sessionId: number): Promise<SessionRow> {
  const { rows } = await client.query<Record<'alive' | 'ended' | 'cause', string | null>>(
    `SELECT ${microseconds('last_alive_ts')} AS alive, ${microseconds('ended_ts')} AS ended, ended_cause AS cause
     FROM sessions WHERE session_id = $1`,
    [sessionId],
  )
  const [row] = rows
  return { lastAliveTsUs: number(row?.alive ?? null), endedTsUs: number(row?.ended ?? null), endedCause: row?.cause ?? undefined }
}
