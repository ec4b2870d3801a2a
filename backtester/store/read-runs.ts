/** Reads stored runs: a list of them with their figures, one as it was, and deletes them. */

import type pg from 'pg'

import { parseJsonb } from '../../db/jsonb.ts'
import { microseconds } from '../../db/microseconds.ts'
import type { OrderRequest, OrderStatus } from '../engine/orders.ts'
import type { Fill } from '../engine/strategy.ts'
import type { EquityPoint } from '../run/equity-points.ts'
import type { RunDataset, RunEvent, RunOrder, RunResult } from '../run/result.ts'

type Queryable = Pick<pg.ClientBase, 'query'>

export interface RunQuery {
  ids?: readonly number[] | undefined
  strategy?: string | undefined
  /** Its name, or the beginning of its hash. */
  dataset?: string | undefined
  status?: 'complete' | 'failed' | undefined
  experiment?: string | undefined
  limit?: number | undefined
}

/** A run with its figures, without what it did. */
export interface ListedRun {
  runId: number
  startedAt: string
  mode: RunResult['mode']
  status: RunResult['status']
  strategy: string
  version: string
  dataset: string | undefined
  phase: string
  experiment: string | undefined
  fold: number | undefined
  params: Record<string, unknown>
  currency: string
  /** Null: not defined. */
  metrics: Record<string, number | null>
  error: string | undefined
  resultHash: string
  codeVersion: string
  /** False: orders, fills, equity and events were not kept. */
  isWhole: boolean
}

const FILTERS: Readonly<Record<'ids' | 'strategy' | 'dataset' | 'status' | 'experiment', (place: string) => string>> = {
  ids: (place) => `r.run_id = ANY (${place}::bigint[])`,
  strategy: (place) => `s.name = ${place}`,
  dataset: (place) => `(d.name = ${place} OR starts_with(d.hash, ${place}))`,
  status: (place) => `r.status = ${place}`,
  experiment: (place) => `r.experiment = ${place}`,
}

/** The latest first. */
export async function listRuns(client: Queryable, { limit = 1000, ...query }: RunQuery = {}): Promise<ListedRun[]> {
  const values: unknown[] = [limit]
  const conditions = (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).flatMap((name) =>
    query[name] === undefined ? [] : [FILTERS[name](`$${values.push(query[name])}`)],
  )
  const { rows } = await client.query<Listed>(
    `SELECT r.run_id::float8 AS "runId", to_char(r.started_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "startedAt", r.mode::text AS mode, r.status,
       s.name AS strategy, s.version, d.name AS dataset, r.phase, r.experiment, r.fold, r.params::text AS params, r.currency,
       r.metrics::text AS metrics, r.error, r.result_hash AS "resultHash", r.code_version AS "codeVersion", r.is_whole AS "isWhole"
     FROM runs r JOIN strategies s USING (strategy_id) LEFT JOIN datasets d USING (dataset_id)
     ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY r.run_id DESC LIMIT $1`,
    values,
  )
  return rows.map(({ dataset, experiment, fold, error, params, metrics, ...row }) => ({
    ...row,
    dataset: dataset ?? undefined,
    experiment: experiment ?? undefined,
    fold: fold ?? undefined,
    error: error ?? undefined,
    params: parseJsonb(params) as Record<string, unknown>,
    metrics: figuresOf(metrics),
  }))
}

interface Listed extends Omit<ListedRun, 'dataset' | 'experiment' | 'fold' | 'error' | 'params' | 'metrics'> {
  dataset: string | null
  experiment: string | null
  fold: number | null
  error: string | null
  params: string
  metrics: string
}

/** Infinite ones are stored as text. */
export function figuresOf(json: string): Record<string, number | null> {
  const stored = Object.entries(parseJsonb(json) as Record<string, unknown>)
  return Object.fromEntries(stored.map(([name, value]) => [name, value === null ? null : Number(value)]))
}

/** Deletes runs with all that belongs to them. Returns the numbers of those that were there. */
export async function deleteRuns(client: Queryable, ids: readonly number[]): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>('DELETE FROM runs WHERE run_id = ANY ($1::bigint[]) RETURNING run_id::float8 AS id', [
    ids,
  ])
  return rows.map(({ id }) => id).sort((one, other) => one - other)
}

/** The file of the strategy and what it imports, as they were when the run began, its own file first; none of one that comes along. */
export async function readSources(client: Queryable, runId: number): Promise<{ name: string; text: string }[]> {
  const { rows } = await client.query<{ name: string; content: Buffer }>(
    `SELECT name, content FROM artifacts WHERE run_id = $1 AND kind = 'source' ORDER BY name LIKE '%/%', name`,
    [runId],
  )
  return rows.map(({ name, content }) => ({ name, text: content.toString('utf8') }))
}

/** As it was stored; undefined when there is none of that number. */
export async function readRun(client: Queryable, runId: number): Promise<RunResult | undefined> {
  const { rows } = await client.query<StoredColumns>(
    `SELECT r.mode::text AS mode, r.status, r.error_code, r.error, s.name, s.version, r.strategy_source AS source, r.result_hash AS hash,
       r.code_version, r.config::text AS config, r.params::text AS params, r.seeds::text AS seeds, r.duration_ms, r.ticks::float8 AS ticks,
       to_char(r.started_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at, r.bars::float8 AS bars, r.costs::text AS costs, r.income::text AS income,
       r.instruments::text AS instruments, r.benchmark::text AS benchmark, d.name AS dataset_name, d.kind, d.hash AS dataset_hash, ${microseconds('d.from_ts')} AS from_us,
       ${microseconds('d.to_ts')} AS to_us, d.symbols, d.bar_seconds, d.details::text AS details
     FROM runs r JOIN strategies s USING (strategy_id) LEFT JOIN datasets d USING (dataset_id) WHERE r.run_id = $1`,
    [runId],
  )
  const [row] = rows
  if (!row) return undefined
  const { run: seed } = parseJsonb(row.seeds) as { run: number }
  return {
    mode: row.mode,
    status: row.status,
    ...(row.error !== null && { error: { code: row.error_code ?? '', message: row.error } }),
    strategy: { name: row.name, version: row.version, source: row.source },
    params: parseJsonb(row.params) as RunResult['params'],
    settings: { ...(parseJsonb(row.config) as RunResult['settings']), seed },
    ...(row.dataset_hash !== null && { dataset: datasetOf(row, row.dataset_hash) }),
    codeVersion: row.code_version,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    counts: { ticks: row.ticks, bars: row.bars },
    instruments: parseJsonb(row.instruments) as RunResult['instruments'],
    orders: await readOrders(client, runId),
    fills: await readFills(client, runId),
    equity: await readEquity(client, runId),
    costs: parseJsonb(row.costs) as RunResult['costs'],
    income: parseJsonb(row.income) as RunResult['income'],
    events: await readEvents(client, runId),
    ...(row.benchmark !== null && { benchmark: parseJsonb(row.benchmark) as RunResult['benchmark'] }),
    hash: row.hash,
  }
}

interface StoredColumns {
  mode: RunResult['mode']
  status: RunResult['status']
  error_code: string | null
  error: string | null
  name: string
  version: string
  source: string
  hash: string
  code_version: string
  config: string
  params: string
  seeds: string
  started_at: string
  duration_ms: number
  ticks: number
  bars: number
  costs: string
  income: string
  instruments: string
  benchmark: string | null
  dataset_name: string | null
  kind: RunDataset['kind'] | null
  dataset_hash: string | null
  from_us: string | null
  to_us: string | null
  symbols: string[] | null
  bar_seconds: number | null
  details: string | null
}

function datasetOf({ dataset_name, kind, from_us, to_us, symbols, bar_seconds, details }: StoredColumns, hash: string): RunDataset {
  const { gaps, warnings } = parseJsonb(details ?? '{}') as Pick<RunDataset, 'gaps' | 'warnings'>
  return {
    name: dataset_name ?? '',
    kind: kind ?? 'dataset',
    hash,
    fromUs: Number(from_us),
    toUs: Number(to_us),
    symbols: symbols ?? [],
    ...(bar_seconds !== null && { barSeconds: bar_seconds }),
    gaps,
    warnings,
  }
}

async function readOrders(client: Queryable, runId: number): Promise<RunOrder[]> {
  const { rows } = await client.query<{
    id: number
    us: string
    status: OrderStatus
    filled: number
    reason: string | null
    request: string
  }>(
    `SELECT order_id::float8 AS id, ${microseconds('given_ts')} AS us, status, filled::float8 AS filled, reason, request::text AS request
     FROM orders WHERE run_id = $1 ORDER BY order_id`,
    [runId],
  )
  return rows.map(({ id, us, status, filled, reason, request }) => ({
    id,
    request: parseJsonb(request) as OrderRequest,
    givenUs: Number(us),
    status,
    filled,
    reason: reason ?? undefined,
  }))
}

async function readFills(client: Queryable, runId: number): Promise<Fill[]> {
  const { rows } = await client.query<Omit<Fill, 'tsUs'> & { us: string }>(
    `SELECT order_id::float8 AS "orderId", instrument_no::float8 AS instrument, side, quantity::float8 AS quantity, price::float8 AS price,
       commission::float8 AS commission, realised::float8 AS realised, ${microseconds('ts')} AS us, is_taker AS "isTaker"
     FROM fills WHERE run_id = $1 ORDER BY fill_no`,
    [runId],
  )
  return rows.map(({ us, ...fill }) => ({ ...fill, tsUs: Number(us) }))
}

async function readEquity(client: Queryable, runId: number): Promise<EquityPoint[]> {
  const { rows } = await client.query<Omit<EquityPoint, 'tsUs'> & { us: string }>(
    `SELECT ${microseconds('ts')} AS us, cash::float8 AS cash, equity::float8 AS equity, exposure::float8 AS exposure
     FROM equity WHERE run_id = $1 ORDER BY point_no`,
    [runId],
  )
  return rows.map(({ us, ...point }) => ({ tsUs: Number(us), ...point }))
}

async function readEvents(client: Queryable, runId: number): Promise<RunEvent[]> {
  const { rows } = await client.query<{ us: string; kind: string; message: string; instrument: number | null; details: string | null }>(
    `SELECT ${microseconds('ts')} AS us, kind, message, instrument_no::float8 AS instrument, details::text AS details
     FROM events WHERE run_id = $1 ORDER BY event_no`,
    [runId],
  )
  return rows.map(({ us, kind, message, instrument, details }) => ({
    tsUs: Number(us),
    kind,
    message,
    ...(instrument !== null && { instrument }),
    ...(details !== null && { details: parseJsonb(details) as Record<string, unknown> }),
  }))
}
