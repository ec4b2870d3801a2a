/**
 * The rows of a session out of all tables of ticks, merged in order. Every table is one COPY on a connection of its own, sorted by the
 * server's index; out of the columnstore, which has no such order, it is one COPY after another, each of as much time as is sorted here,
 * on two connections in turn.
 * When the consumer is slow the sockets fill up and the server waits. All connections see the same snapshot, so that a session which is
 * still being recorded is read as it was at one moment. Connections live only as long as the stream is read.
 */

import { setImmediate } from 'node:timers/promises'

import type pg from 'pg'
import { to as copyTo, type CopyToStreamQuery } from 'pg-copy-streams'

import { FeedError, TapedeckError, WriteError } from '../../market/errors.ts'
import { mergeOrdered } from '../../market/merge.ts'
import type { TapeRecord, Tick } from '../../market/tick.ts'
import { isoFromUs } from '../../market/time.ts'
import { connectClient } from '../pool.ts'
import { AS_RECORDED, FINDINGS, OPTION_GREEKS, QUOTES, REJECTED_TICKS, STATISTICS, TICK_TABLES, TRADES } from '../schema/tick-tables.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN_SNAPSHOT } from '../transaction.ts'
import {
  findingDecoder,
  greeksDecoder,
  quoteDecoder,
  RowCursor,
  type RowDecoder,
  rejectedDecoder,
  type StoredFinding,
  statisticDecoder,
  tradeDecoder,
} from './copy-decode.ts'
import { CopiedRows, CopyOut } from './copy-out.ts'
import { Piece } from './piece.ts'
import { PieceRanges } from './piece-ranges.ts'
import { tablesInColumnstore } from './queries/tables-in-columnstore.ts'
import { type MinuteOfTicks, ticksByMinute } from './queries/ticks-by-minute.ts'
import { withVerdicts } from './verdicts.ts'

/** A session's rows in the time from `fromUs` to before `toUs`, of all instruments or of these. */
export interface Selection {
  sessionId: number
  fromUs: number
  toUs: number
  instrumentIds: readonly number[] | undefined
  includeQuarantined: boolean
}

interface ReadTable<R> {
  name: string
  decoder: RowDecoder<R>
  /** Which of its rows are read. */
  where: string
  /** Within one moment, behind `seq`. */
  order?: string
}

const ALL = 'true'
const ACCEPTED: readonly ReadTable<Tick>[] = [
  { name: QUOTES.name, decoder: quoteDecoder, where: ALL },
  { name: TRADES.name, decoder: tradeDecoder, where: ALL },
  { name: OPTION_GREEKS.name, decoder: greeksDecoder, where: ALL },
  { name: STATISTICS.name, decoder: statisticDecoder, where: ALL },
]
const REJECTED: ReadTable<Tick> = {
  name: REJECTED_TICKS.name,
  decoder: rejectedDecoder,
  where: `kind IN (${TICK_TABLES.map(({ kind }) => `'${kind}'`).join(', ')})`,
}

const FOUND: ReadTable<StoredFinding> = {
  name: FINDINGS.name,
  decoder: findingDecoder,
  where: `judgement_id = ${AS_RECORDED}`,
  order: ', ordinal',
}

/**
 * Chunks in the order of (tsUs, seq).
 *
 * @param readOthers records to merge in between, in their order; called with a connection that sees the snapshot
 * @throws FeedError when the database cannot be read
 */
export async function* readMerged<T extends TapeRecord>(
  url: string,
  selection: Selection,
  readOthers: (main: pg.Client) => Promise<T[]>,
): AsyncGenerator<(T | Tick)[]> {
  const clients: pg.Client[] = []
  const backends: number[] = []
  let isRead = false
  try {
    const main = await connected(url)
    clients.push(main)
    await main.query(BEGIN_SNAPSHOT)
    const { rows } = await main.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
    const others = await readOthers(main)
    const inColumnstore = selection.instrumentIds ? new Set<string>() : await tablesInColumnstore(main, selection)
    const minutes = inColumnstore.size > 0 ? await ticksByMinute(main, selection) : []
    /** A connection that sees the snapshot too. */
    const connect = async (): Promise<pg.Client> => {
      const client = await connected(url)
      clients.push(client)
      await client.query(`${BEGIN_SNAPSHOT}; SET TRANSACTION SNAPSHOT '${rows[0]?.snapshot}'; ${planning(selection)}`)
      const { rows: backend } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      for (const { pid } of backend) backends.push(pid)
      return client
    }
    /** The rows of a table; none when it has none of the selection. */
    const open = async <R>(table: ReadTable<R>): Promise<AsyncIterable<R[]>> => {
      const { rows: found } = await main.query(`SELECT FROM ${table.name} WHERE ${condition(selection, table)} LIMIT 1`)
      if (found.length === 0) return chunkOf([])
      if (!inColumnstore.has(table.name)) return rowsOf(startCopy(await connect(), table, selection), table)
      return readPieces([await connect(), await connect()], table, { selection, minutes })
    }
    const streams: AsyncIterable<(T | Tick)[]>[] = [chunkOf(others)]
    for (const table of selection.includeQuarantined ? [...ACCEPTED, REJECTED] : ACCEPTED) streams.push(await open(table))
    yield* withVerdicts(mergeOrdered(streams), await open(FOUND), main)
    isRead = true
  } catch (error) {
    throw feedErrorOf(error)
  } finally {
    const [main] = clients
    // A backend that sorts would not notice that its client is gone.
    if (main && !isRead) await main.query('SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) AS pid', [backends]).catch(() => undefined)
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
}

/** A whole session streams best along its index. For some instruments of it the server may know a better way. */
function planning({ instrumentIds }: Selection): string {
  return instrumentIds ? 'SET LOCAL jit = off' : 'SET LOCAL jit = off; SET LOCAL enable_sort = off'
}

function condition({ sessionId, fromUs, toUs, instrumentIds }: Selection, { where }: ReadTable<unknown>): string {
  const instruments = instrumentIds ? ` AND instrument_id = ANY ('{${instrumentIds.join(',')}}')` : ''
  return `session_id = ${sessionId} AND ts >= '${isoFromUs(fromUs)}' AND ts < '${isoFromUs(toUs)}' AND ${where}${instruments}`
}

/** The rows of a table in order, piece by piece: while one is read, the next ones come, over each connection one after the other. */
async function* readPieces<R>(
  clients: readonly pg.Client[],
  table: ReadTable<R>,
  { selection, minutes }: { selection: Selection; minutes: readonly MinuteOfTicks[] },
): AsyncGenerator<R[]> {
  const ranges = new PieceRanges(selection, minutes)
  /** Memory of a piece that was read: new memory for each would cost as much as to decode it. */
  let spare: CopiedRows | undefined
  const coming: { client: pg.Client; rows: Promise<CopiedRows> }[] = []
  const start = (client: pg.Client): void => {
    const range = ranges.next()
    if (!range) return
    const rows = readPiece(client, table, { ...selection, ...range }, spare ?? new CopiedRows())
    spare = undefined
    // Awaited in its turn; until then a failure waits with it.
    rows.catch(() => undefined)
    coming.push({ client, rows })
  }
  for (const client of clients) start(client)
  for (let next = coming.shift(); next; next = coming.shift()) {
    const copied = await next.rows
    start(next.client)
    const piece = new Piece(copied, table.name)
    ranges.found(piece.count)
    for (const rows of piece.inOrder(table.decoder)) {
      yield rows
      // Lets the next pieces in.
      await setImmediate()
    }
    spare = copied
  }
}

/** Findings, of which there are few and more than one of a tick, are sorted by the server. */
function readPiece(client: pg.Client, table: ReadTable<unknown>, selection: Selection, into: CopiedRows): Promise<CopiedRows> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOut(copyOf(table, { selection, isOrdered: table.order !== undefined }), into, resolve, reject))
  })
}

/** The server begins at once, and waits when nobody reads. */
function startCopy(client: pg.Client, table: ReadTable<unknown>, selection: Selection): CopyToStreamQuery {
  const stream = client.query(copyTo(copyOf(table, { selection, isOrdered: true })))
  // Listened to even after iteration has stopped: closing the connection during a COPY makes the stream emit an error.
  stream.on('error', () => undefined)
  return stream
}

function copyOf(table: ReadTable<unknown>, { selection, isOrdered }: { selection: Selection; isOrdered: boolean }): string {
  const { name, decoder, order = '' } = table
  const select = `SELECT ${decoder.select} FROM ${name} WHERE ${condition(selection, table)}${isOrdered ? ` ORDER BY ts, seq${order}` : ''}`
  return `COPY (${select}) TO STDOUT BINARY`
}

async function* rowsOf<R>(stream: CopyToStreamQuery, { name, decoder }: ReadTable<R>): AsyncGenerator<R[]> {
  const row = new RowCursor()
  for await (const chunk of stream) {
    row.push(chunk as Buffer)
    const rows: R[] = []
    while (row.next()) rows.push(decoder.decode(row))
    if (rows.length > 0) yield rows
  }
  if (!row.ended) throw new Error(`the rows of ${name} ended too early`)
}

async function* chunkOf<T>(records: T[]): AsyncGenerator<T[]> {
  if (records.length > 0) yield records
}

/** Lends a connection for as long as `use` runs; every failure is a FeedError. */
export async function withReader<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connected(url)
  try {
    return await use(client)
  } catch (error) {
    throw feedErrorOf(error)
  } finally {
    await client.end().catch(() => undefined)
  }
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
