/**
 * Drops recorded ticks that are older than a time: whole chunks where there are hypertables, and rows in steps. What is dropped is noted
 * first (dropped_ticks), so that checks of rows do not take it for lost, and bars are not computed anew from what is left. Sessions,
 * markers, gaps and instruments stay. Interrupted, it goes on when it is called again.
 */

import pg from 'pg'

import { TapedeckError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { microseconds } from '../microseconds.ts'
import { FINDINGS, REJECTED_TICKS, TICK_TABLES } from '../schema/tick-tables.ts'
import { BEGIN } from '../transaction.ts'

type Client = Pick<pg.ClientBase, 'query'>

/** What may be dropped by time. */
export const DROPPABLE: readonly string[] = [...TICK_TABLES.map(({ name }) => name), FINDINGS.name, REJECTED_TICKS.name]

export interface DropRequest {
  beforeUs: number
  /** Of DROPPABLE; all of them when absent. */
  tables?: readonly string[] | undefined
  /** Only these stocks and what is written on them. */
  symbols?: readonly string[] | undefined
}

export interface TableDrop {
  table: string
  rows: number
  /** Of the newest row that goes. */
  newestUs?: number
  /** Whole chunks that go, with their bytes; the other rows go one by one. */
  chunks: Chunk[]
  bytes: number
}

interface Chunk {
  name: string
  fromUs: number
  toUs: number
}

export interface BarsAfter {
  name: string
  /** `stay`: computed and kept; `go`: computed from the ticks at every question; `lost`: kept, but not computed as far as the ticks that go. */
  fate: 'stay' | 'go' | 'lost'
  computedUs?: number
}

export interface DropPlan {
  beforeUs: number
  instruments: number[] | undefined
  tables: TableDrop[]
  bars: BarsAfter[]
}

/** Rows that one step deletes: a second or so. */
const STEP_ROWS = 50_000
/** Views and aggregates of this program that are made of ticks. */
const BARS = /^(bars_\w+|greeks_\w+)$/

/**
 * What would go. Counts the rows, which reads them.
 *
 * @throws TapedeckError `unknown-symbol`
 */
export async function planDrop(client: Client, { beforeUs, tables = DROPPABLE, symbols }: DropRequest): Promise<DropPlan> {
  const instruments = symbols && (await instrumentsOf(client, symbols))
  const plan: TableDrop[] = []
  for (const table of tables) {
    const { rows } = await client.query<{ rows: string; newest: string | null }>(
      `SELECT count(*) AS rows, ${microseconds('max(ts)')} AS newest FROM ${table} WHERE ${WHICH}`,
      [isoFromUs(beforeUs), instruments ?? null],
    )
    const { rows: count = '0', newest = null } = rows[0] ?? {}
    const chunks = instruments ? [] : await chunksBefore(client, table, beforeUs)
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
    plan.push({
      table,
      rows: Number(count),
      ...(newest !== null && { newestUs: Number(newest) }),
      chunks: chunks.map(({ name, fromUs, toUs }) => ({ name, fromUs, toUs })),
      bytes,
    })
  }
  const newestUs = Math.max(...plan.map((drop) => drop.newestUs ?? Number.NEGATIVE_INFINITY))
  return { beforeUs, instruments, tables: plan, bars: await barsAfter(client, newestUs) }
}

const WHICH = 'ts < $1 AND ($2::bigint[] IS NULL OR instrument_id = ANY ($2))'

async function instrumentsOf(client: Client, symbols: readonly string[]): Promise<number[]> {
  const { rows } = await client.query<{ id: string; symbol: string }>(
    'SELECT instrument_id AS id, symbol FROM instruments WHERE symbol = ANY ($1) ORDER BY 1',
    [symbols],
  )
  const unknown = symbols.filter((symbol) => !rows.some((row) => row.symbol === symbol))
  if (unknown.length > 0)
    throw new TapedeckError(`The database holds no instrument of ${unknown.join(', ')}. Nothing was dropped: correct the symbols.`, {
      code: 'unknown-symbol',
    })
  return rows.map(({ id }) => Number(id))
}

/** The schema that TimescaleDB's functions are in; undefined without TimescaleDB. */
async function timescaleSchema(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'timescaledb'`,
  )
  return rows[0]?.schema
}

/** Chunks that end at or before the time, the oldest first. */
async function chunksBefore(client: Client, table: string, beforeUs: number): Promise<(Chunk & { bytes: number })[]> {
  const schema = await timescaleSchema(client)
  if (schema === undefined) return []
  const { rows } = await client.query<Record<'name' | 'from' | 'to' | 'bytes', string>>(
    `SELECT c.chunk_schema || '.' || c.chunk_name AS name, ${microseconds('c.range_start')} AS from, ${microseconds('c.range_end')} AS to,
       coalesce(s.total_bytes, 0) AS bytes
     FROM timescaledb_information.chunks c
     LEFT JOIN ${schema}.chunks_detailed_size('public.' || $1::text) s ON s.chunk_schema = c.chunk_schema AND s.chunk_name = c.chunk_name
     WHERE c.hypertable_schema = 'public' AND c.hypertable_name = $1 AND c.range_end <= $2 ORDER BY c.range_start`,
    [table, isoFromUs(beforeUs)],
  )
  return rows.map(({ name, from, to, bytes }) => ({ name, fromUs: Number(from), toUs: Number(to), bytes: Number(bytes) }))
}

async function barsAfter(client: Client, newestUs: number): Promise<BarsAfter[]> {
  const { rows: views } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') ORDER BY relname`,
  )
  const kept = new Map<string, number>()
  if ((await timescaleSchema(client)) !== undefined) {
    const { rows } = await client.query<{ name: string; computed: string | null }>(
      `SELECT user_view_name AS name, CASE WHEN isfinite(w.at) THEN ${microseconds('w.at')} END AS computed
       FROM _timescaledb_catalog.continuous_agg a
       CROSS JOIN LATERAL (SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(a.mat_hypertable_id)) AS at) w
       WHERE user_view_schema = 'public'`,
    )
    for (const { name, computed } of rows) kept.set(name, Number(computed ?? Number.NEGATIVE_INFINITY))
  }
  return views
    .filter(({ name }) => BARS.test(name) || kept.has(name))
    .map(({ name }) => {
      // Over the parts, or what was stored of them: it stays as they do.
      const computedUs = kept.get(name === 'bars_1d' ? 'bars_day_parts' : name)
      if (computedUs === undefined) return { name, fate: 'go' as const }
      const fate = computedUs > newestUs ? ('stay' as const) : ('lost' as const)
      return { name, fate, ...(Number.isFinite(computedUs) && { computedUs }) }
    })
}

/** Progress: rows of a table that are gone so far. */
type OnDropped = (table: string, rows: number) => void

/**
 * Drops what the plan says, the oldest first.
 *
 * @returns rows that were dropped, by table
 * @throws TapedeckError `not-owner`; pg.DatabaseError when the server refuses otherwise. What was dropped by then is noted
 */
export async function drop(client: Client, plan: DropPlan, onDropped: OnDropped = () => undefined): Promise<Map<string, number>> {
  const { beforeUs, instruments } = plan
  // All notes stand before the first row goes.
  for (const { table } of plan.tables) await note(client, table, plan)
  const dropped = new Map<string, number>()
  for (const { table, chunks } of plan.tables) {
    let gone = 0
    const tell = async (rows: number) => {
      await client.query(
        // The rows of many instruments are counted under the first.
        `UPDATE dropped_ticks SET dropped_rows = dropped_rows + $4
         WHERE table_name = $1 AND dropped_before = $2 AND instrument_id IS NOT DISTINCT FROM $3::bigint`,
        [table, isoFromUs(beforeUs), instruments?.[0] ?? null, rows],
      )
      gone += rows
      onDropped(table, gone)
    }
    for (const chunk of chunks) await inTransaction(client, async () => tell(await dropChunk(client, table, chunk)))
    await deleteRows(client, table, plan, tell)
    await client.query(
      `UPDATE dropped_ticks SET done_at = clock_timestamp()
       WHERE table_name = $1 AND dropped_before = $2 AND ($3::bigint[] IS NULL AND instrument_id IS NULL OR instrument_id = ANY ($3))`,
      [table, isoFromUs(beforeUs), instruments ?? null],
    )
    dropped.set(table, gone)
  }
  return dropped
}

async function note(client: Client, table: string, { beforeUs, instruments }: DropPlan): Promise<void> {
  await client.query(
    `INSERT INTO dropped_ticks (table_name, instrument_id, dropped_before) SELECT $1, id, $2 FROM unnest($3::bigint[]) AS id
     ON CONFLICT (table_name, instrument_id, dropped_before) DO UPDATE SET done_at = NULL`,
    [table, isoFromUs(beforeUs), instruments ?? [null]],
  )
}

/** Rows that come in meanwhile, into a chunk of that age, are waited for: drop_chunks locks the chunk. */
async function dropChunk(client: Client, table: string, { name, fromUs, toUs }: Chunk): Promise<number> {
  const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [name])
  if (found[0]?.there !== true) return 0
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${table} WHERE ts >= $1 AND ts < $2`, [
    isoFromUs(fromUs),
    isoFromUs(toUs),
  ])
  await client.query(
    `SELECT ${await timescaleSchema(client)}.drop_chunks('public.${table}', older_than => $2::timestamptz, newer_than => $1::timestamptz)`,
    [isoFromUs(fromUs), isoFromUs(toUs)],
  )
  return Number(rows[0]?.count ?? 0)
}

/** Along the index of sessions, which every table has, so that a step costs what it deletes. */
async function deleteRows(client: Client, table: string, plan: DropPlan, tell: (rows: number) => Promise<void>): Promise<void> {
  const before = isoFromUs(plan.beforeUs)
  const instruments = plan.instruments ?? null
  const { rows: sessions } = await client.query<{ id: string }>(
    'SELECT session_id AS id FROM sessions UNION SELECT session_id FROM batches ORDER BY 1',
  )
  const step = (where: string, values: unknown[]) =>
    inTransaction(client, async () => {
      const { rowCount } = await client.query(`DELETE FROM ${table} WHERE ${WHICH} ${where}`, [before, instruments, ...values])
      await tell(rowCount ?? 0)
    })
  for (const { id } of sessions) {
    let after = '-infinity'
    for (;;) {
      const { rows } = await client.query<{ ts: string }>(
        `SELECT ${microseconds('ts')} AS ts FROM ${table} WHERE session_id = $1 AND ts > $2 AND ts < $3 ORDER BY ts LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
        [id, after, before],
      )
      const [last] = rows
      const until = last ? isoFromUs(Number(last.ts)) : before
      await step('AND session_id = $3 AND ts > $4 AND ts <= $5', [id, after, until])
      if (!last) break
      after = until
    }
  }
  // Of sessions that nothing tells of.
  await step('', [])
}

async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  try {
    await client.query(BEGIN)
    // TimescaleDB refuses to delete from many compressed rows at once otherwise. Other servers do not know the setting.
    await client.query(
      `SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'`,
    )
    await work()
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw refusal(error)
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError && error.code === '42501')) return error
  return new TapedeckError(
    `The role may not drop ticks: ${error.message}. Run this as the owner of the tables, or as a member of the admin role (\`tapedeck db roles\`).`,
    { code: 'not-owner', cause: error },
  )
}
