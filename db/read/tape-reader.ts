/**
 * Reads a recorded session out of the database, in order, as a stream of chunks of ticks.
 *
 * Every table of ticks is one COPY on a connection of its own, sorted by the server's index; the streams are merged here.
 * When the consumer is slow the sockets fill up and the server waits. All connections see the same snapshot, so that a session
 * which is still being recorded is read as it was at one moment. Connections live only as long as a stream is read.
 */

import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

import type { Contract } from '../../market/contract.ts'
import { FeedError, TapedeckError, WriteError } from '../../market/errors.ts'
import { mergeOrdered } from '../../market/merge.ts'
import type { TapeRecord, Tick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { microseconds, readControlRecords } from '../write/control-records.ts'
import { greeksDecoder, quoteDecoder, RowCursor, type RowDecoder, rejectedDecoder, statisticDecoder, tradeDecoder } from './copy-decode.ts'
import { readInstruments } from '../write/instruments.ts'
import { connectClient } from '../pool.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { OPTION_GREEKS, QUOTES, REJECTED_TICKS, STATISTICS, TRADES } from '../schema/tick-tables.ts'

export interface TapeQuery {
  /** `latest`: the session that began last, of those that have ticks. */
  sessionId: number | 'latest'
  /** Microseconds since 1970 UTC; the first one that is read. */
  fromUs?: number | undefined
  /** The first one that is no longer read. */
  toUs?: number | undefined
  /** Only instruments of these tickers, and those written on them. */
  symbols?: readonly string[] | undefined
  /** Also ticks that a rule quarantined or the database refused, with their verdict. */
  includeQuarantined?: boolean | undefined
}

export interface RecordedSession {
  sessionId: number
  startedTsUs?: number
  endedTsUs?: number
  endedCause?: string
  clock?: string
  /** Of the whole session, whatever the query. */
  acceptedTicks: number
  quarantinedTicks: number
}

export interface TapeReader {
  session: RecordedSession
  /** Explains `instrument` of ticks and records. A rejected tick without an instrument has the instrument 0, which is not in here. */
  contracts: ReadonlyMap<number, Contract>
  /**
   * Ticks in the order of (tsUs, seq). May be called again; each call reads anew. Returning early cancels the queries.
   *
   * @throws FeedError when the database cannot be read
   */
  ticks(): AsyncGenerator<Tick[]>
  /** Ticks and, between them, line events, gaps and configurations. */
  records(): AsyncGenerator<TapeRecord[]>
}

const TICK_TABLES = [
  { ...QUOTES, ...quoteDecoder },
  { ...TRADES, ...tradeDecoder },
  { ...OPTION_GREEKS, ...greeksDecoder },
  { ...STATISTICS, ...statisticDecoder },
]
const REJECTED = { ...REJECTED_TICKS, ...rejectedDecoder }

/** A session's rows in the time from `fromUs` to before `toUs`, of all instruments or of these. */
interface Selection {
  sessionId: number
  fromUs: number
  toUs: number
  instrumentIds: readonly number[] | undefined
}

/**
 * Finds the session and its instruments; ticks are read when they are asked for.
 *
 * @throws FeedError when there is no such session or symbol, or the database cannot be read
 */
export async function openTapeReader({ url }: { url: string }, query: TapeQuery): Promise<TapeReader> {
  const client = await connected(url)
  try {
    const { firstTsUs, lastTsUs, ...session } = await findSession(client, query.sessionId)
    const contracts = await readInstruments(client, session.sessionId)
    const selection: Selection = {
      sessionId: session.sessionId,
      // The session's own bounds let the server skip the chunks of other days.
      fromUs: Math.max(query.fromUs ?? firstTsUs, firstTsUs),
      toUs: Math.min(query.toUs ?? lastTsUs + 1, lastTsUs + 1),
      instrumentIds: query.symbols && instrumentsOf(query.symbols, contracts),
    }
    const tables = query.includeQuarantined ? [...TICK_TABLES, REJECTED] : TICK_TABLES
    return {
      session,
      contracts,
      ticks: () => readMerged(url, selection, tables, async () => []),
      records: () => readMerged<TapeRecord>(url, selection, tables, (main) => readControls(main, query, selection)),
    }
  } catch (error) {
    throw feedErrorOf(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

interface SessionRow {
  session_id: string
  started: string | null
  ended: string | null
  ended_cause: string | null
  clock: string | null
  accepted: string
  quarantined: string
  first: string | null
  last: string | null
}

async function findSession(
  client: pg.Client,
  sessionId: TapeQuery['sessionId'],
): Promise<RecordedSession & { firstTsUs: number; lastTsUs: number }> {
  const latest = sessionId === 'latest'
  const { rows } = await client.query<SessionRow>(
    `SELECT session_id, ${microseconds('started_ts')} AS started, ${microseconds('ended_ts')} AS ended, ended_cause, clock, accepted, quarantined,
       ${microseconds('first_ts')} AS first, ${microseconds('last_ts')} AS last
     FROM (SELECT session_id, sum(accepted_ticks) AS accepted, sum(quarantined_ticks) AS quarantined, min(first_ts) AS first_ts, max(last_ts) AS last_ts
       FROM batches WHERE session_id = ${latest ? '(SELECT max(session_id) FROM batches WHERE first_ts IS NOT NULL)' : '$1'} GROUP BY session_id) AS totals
     LEFT JOIN sessions USING (session_id)`,
    latest ? [] : [sessionId],
  )
  const [row] = rows
  if (!row) throw await noSuchSession(client, sessionId)
  return {
    sessionId: Number(row.session_id),
    ...(row.started !== null && { startedTsUs: Number(row.started) }),
    ...(row.ended !== null && { endedTsUs: Number(row.ended) }),
    ...(row.ended_cause !== null && { endedCause: row.ended_cause }),
    ...(row.clock !== null && { clock: row.clock }),
    acceptedTicks: Number(row.accepted),
    quarantinedTicks: Number(row.quarantined),
    firstTsUs: Number(row.first ?? 0),
    lastTsUs: Number(row.last ?? -1),
  }
}

async function noSuchSession(client: pg.Client, sessionId: TapeQuery['sessionId']): Promise<FeedError> {
  if (sessionId === 'latest')
    return new FeedError(
      'The database holds no recorded session. Record one with `tapedeck collect`, or check which database is read (--data-dir, DATABASE_URL).',
      {
        code: 'no-session',
      },
    )
  const { rows } = await client.query<{ session_id: string }>(
    'SELECT DISTINCT session_id FROM batches WHERE first_ts IS NOT NULL ORDER BY session_id DESC LIMIT 10',
  )
  const known = rows.map(({ session_id }) => session_id).join(', ') || 'none'
  return new FeedError(`The database holds no session ${sessionId}. The latest sessions in it: ${known}.`, { code: 'no-session' })
}

function instrumentsOf(symbols: readonly string[], contracts: ReadonlyMap<number, Contract>): number[] {
  const known = new Set([...contracts.values()].map(({ symbol }) => symbol))
  const unknown = symbols.filter((symbol) => !known.has(symbol))
  if (unknown.length > 0)
    throw new FeedError(`The session has no ticks of ${unknown.join(', ')}. It has: ${[...known].sort().join(', ') || 'nothing'}.`, {
      code: 'unknown-symbol',
    })
  return [...contracts].filter(([, { symbol }]) => symbols.includes(symbol)).map(([id]) => id)
}

/** Line events, gaps and configurations within the query's own bounds: they may lie before the first tick and behind the last. */
async function readControls(client: pg.Client, query: TapeQuery, { sessionId, instrumentIds }: Selection): Promise<TapeRecord[]> {
  const { fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY } = query
  const records = await readControlRecords(client, sessionId)
  return records.filter((record) => {
    const instrument = 'instrument' in record ? record.instrument : undefined
    return record.tsUs >= fromUs && record.tsUs < toUs && (instrument === undefined || !instrumentIds || instrumentIds.includes(instrument))
  })
}

type ReadTable = RowDecoder & { name: string }

async function* readMerged<T extends TapeRecord>(
  url: string,
  selection: Selection,
  tables: readonly ReadTable[],
  readOthers: (main: pg.Client) => Promise<T[]>,
): AsyncGenerator<(T | Tick)[]> {
  const clients: pg.Client[] = []
  /** Backends whose COPY is not read to its end. */
  const running = new Set<number>()
  try {
    const main = await connected(url)
    clients.push(main)
    await main.query(`${BEGIN}; SET LOCAL idle_in_transaction_session_timeout = 0`)
    const { rows } = await main.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
    const others = await readOthers(main)
    const streams: AsyncIterable<(T | Tick)[]>[] = [chunkOf(others)]
    for (const table of tables) {
      const { rows: found } = await main.query(`SELECT FROM ${table.name} WHERE ${condition(selection)} LIMIT 1`)
      if (found.length === 0) continue
      const client = await connected(url)
      clients.push(client)
      const { rows: backend } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await client.query(`${BEGIN}; SET TRANSACTION SNAPSHOT '${rows[0]?.snapshot}'; ${planning(selection)}`)
      streams.push(readTable(client, table, selection, running, backend[0]?.pid ?? 0))
    }
    yield* mergeOrdered(streams)
  } catch (error) {
    throw feedErrorOf(error)
  } finally {
    const [main] = clients
    // A backend that sorts would not notice that its client is gone.
    if (main && running.size > 0)
      await main.query('SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) AS pid', [[...running]]).catch(() => undefined)
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
}

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** A whole session streams best along its index. For some instruments of it the server may know a better way. */
function planning({ instrumentIds }: Selection): string {
  return instrumentIds ? 'SET LOCAL jit = off' : 'SET LOCAL jit = off; SET LOCAL enable_sort = off'
}

function condition({ sessionId, fromUs, toUs, instrumentIds }: Selection): string {
  const instruments = instrumentIds ? ` AND instrument_id = ANY ('{${instrumentIds.join(',')}}')` : ''
  return `session_id = ${sessionId} AND ts >= '${isoFromUs(fromUs)}' AND ts < '${isoFromUs(toUs)}'${instruments}`
}

async function* readTable(
  client: pg.Client,
  table: ReadTable,
  selection: Selection,
  running: Set<number>,
  pid: number,
): AsyncGenerator<Tick[]> {
  const stream = client.query(
    copyTo(`COPY (SELECT ${table.select} FROM ${table.name} WHERE ${condition(selection)} ORDER BY ts, seq) TO STDOUT BINARY`),
  )
  running.add(pid)
  // Heard even when nobody iterates any more: closing the connection under a COPY is an error to it.
  stream.on('error', () => undefined)
  const row = new RowCursor()
  for await (const chunk of stream) {
    row.push(chunk as Buffer)
    const ticks: Tick[] = []
    while (row.next()) ticks.push(table.decode(row))
    if (ticks.length > 0) yield ticks
  }
  if (!row.ended) throw new Error(`the rows of ${table.name} ended too early`)
  running.delete(pid)
}

async function* chunkOf<T>(records: T[]): AsyncGenerator<T[]> {
  if (records.length > 0) yield records
}

async function connected(url: string): Promise<pg.Client> {
  try {
    return await connectClient(url)
  } catch (error) {
    throw feedErrorOf(error)
  }
}

function feedErrorOf(error: unknown): unknown {
  if (error instanceof WriteError) return new FeedError(error.message, { code: error.code, retryable: error.retryable, cause: error })
  if (error instanceof TapedeckError || error instanceof TypeError || error instanceof RangeError) return error
  return feedErrorOf(writeErrorOf(error, 'could not be read'))
}
