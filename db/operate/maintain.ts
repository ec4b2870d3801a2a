/**
 * Brings a database up to date with its ticks: computes what aggregates lack, compresses chunks that are due, has the server count what changed.
 * What a policy of the server would do in time, done now and in order. Interrupted, it goes on when it is called again.
 */

import pg from 'pg'

import { MigrationError } from '../../market/errors.ts'
import { isoFromUs } from '../../market/time.ts'
import { messageOf } from '../sqlstates.ts'
import { planRefresh, refreshWindow } from './refresh-aggregates.ts'

type Client = Pick<pg.ClientBase, 'query'>

export interface MaintenanceStep {
  kind: 'refresh' | 'store' | 'compress' | 'analyze'
  /** An aggregate, a chunk or a table. */
  what: string
  /** Of a refresh: ISO 8601. */
  from?: string
  to?: string
}

export interface MaintenanceReport {
  dryRun: boolean
  /** Nothing is stored that could be out of date: bars are views here. */
  viewsOnly: boolean
  steps: MaintenanceStep[]
  seconds: number
}

export interface MaintainOptions {
  dryRun?: boolean
  onProgress?: (done: number, total: number, step: MaintenanceStep) => void
}

type Planned = MaintenanceStep & { take: () => Promise<unknown> }

/**
 * @param client a connection without a transaction
 * @throws MigrationError when the server refuses a step
 */
export async function maintain(client: Client, { dryRun = false, onProgress }: MaintainOptions = {}): Promise<MaintenanceReport> {
  const begunMs = performance.now()
  const windows = await planRefresh(client, { nowUs: Date.now() * 1000 })
  const planned: Planned[] = [
    ...windows.map((window) => ({
      kind: 'refresh' as const,
      what: window.aggregate,
      from: isoFromUs(window.fromUs),
      to: isoFromUs(window.toUs),
      take: () => refreshWindow(client, window),
    })),
    ...(await planStoredDays(client)),
    ...(await planCompression(client)),
  ]
  const viewsOnly = windows.length === 0 && !(await storesAggregates(client))
  const taken = dryRun ? planned : []
  const all = dryRun ? [...planned, ...(await planAnalyze(client))] : planned
  if (!dryRun) {
    for (const [index, step] of planned.entries()) {
      onProgress?.(index, planned.length, step)
      await takeStep(step)
      taken.push(step)
    }
    // Known only now: what was computed has changed the tables.
    for (const step of await planAnalyze(client)) {
      onProgress?.(planned.length, planned.length + 1, step)
      await takeStep(step)
      taken.push(step)
    }
  }
  const steps = (dryRun ? all : taken).map(({ take: _take, ...step }) => step)
  return { dryRun, viewsOnly, steps, seconds: (performance.now() - begunMs) / 1000 }
}

async function takeStep({ kind, what, take }: Planned): Promise<void> {
  try {
    await take()
  } catch (cause) {
    throw new MigrationError(
      `The server did not ${kind} ${what}: ${messageOf(cause)}. What was done before stays; run this as the owner of the tables, and it goes on there.`,
      { code: 'maintenance-refused', retryable: !(cause instanceof pg.DatabaseError), cause },
    )
  }
}

async function storesAggregates(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = 'bars_1m' AND relkind = 'v') AND to_regclass('_timescaledb_catalog.continuous_agg') IS NOT NULL AND current_setting('timescaledb.license', true) = 'timescale' AS found",
  )
  return rows[0]?.found === true
}

/** Behind all that is refreshed: days are stored as they are computed. */
async function planStoredDays(client: Client): Promise<Planned[]> {
  if (!(await storesAggregates(client))) return []
  return [{ kind: 'store', what: 'bars_1d', take: () => client.query(`CALL tapedeck.store_finished_days(config => '{"all": true}')`) }]
}

/** Chunks that a compression policy is to compress, and that it did not come to. */
async function planCompression(client: Client): Promise<Planned[]> {
  const { rows: jobs } = await client.query<{ found: boolean }>("SELECT to_regclass('timescaledb_information.jobs') IS NOT NULL AS found")
  if (!jobs[0]?.found) return []
  const { rows } = await client.query<{ chunk: string }>(
    `SELECT format('%I.%I', c.chunk_schema, c.chunk_name) AS chunk
     FROM timescaledb_information.jobs j
     JOIN timescaledb_information.chunks c ON c.hypertable_schema = j.hypertable_schema AND c.hypertable_name = j.hypertable_name
     WHERE j.proc_name IN ('policy_compression', 'policy_columnstore') AND NOT c.is_compressed
       AND c.range_end < now() - (j.config->>'compress_after')::interval
     ORDER BY c.range_end`,
  )
  return rows.map(({ chunk }) => ({
    kind: 'compress',
    what: chunk,
    take: () => client.query('SELECT public.compress_chunk($1::regclass, if_not_compressed => true)', [chunk]),
  }))
}

/** Tables, chunks among them, of which a tenth changed since the server counted, or which it never counted. */
async function planAnalyze(client: Client): Promise<Planned[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', s.schemaname, s.relname) AS name FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
     WHERE s.schemaname IN ('public', '_timescaledb_internal') AND s.n_mod_since_analyze > 50 + c.reltuples / 10
       AND pg_has_role(c.relowner, 'USAGE') AND c.relkind = 'r'
     ORDER BY 1`,
  )
  return rows.map(({ name }) => ({ kind: 'analyze', what: name, take: () => client.query(`ANALYZE ${name}`) }))
}
