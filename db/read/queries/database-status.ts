/** What a database of ours holds and does, for `tapedeck db status`. Changes nothing; what the role may not see is named, and the rest shown. */

import type pg from 'pg'

import { describeServer } from '../../describe-server.ts'
import { microseconds } from '../../microseconds.ts'
import { TICK_TABLES } from '../../schema/tick-tables.ts'
import { messageOf } from '../../sqlstates.ts'

type Client = Pick<pg.ClientBase, 'query'>

export interface TableStatus {
  table: string
  /** As the server estimates. */
  rows: number
  /** With indexes and what is compressed. */
  bytes: number
  /** Absent: no hypertable. */
  chunks?: number
  compressedChunks?: number
  /** What the compressed chunks took before, and take. */
  uncompressedBytes?: number
  compressedBytes?: number
}

export interface JobStatus {
  id: number
  /** `policy_retention`, and what else runs. */
  job: string
  on: string | null
  every: string
  lastRun: string | null
  nextRun: string | null
  status: string | null
  failures: number
  /** What the last failure said, where the role may see it. */
  error?: string
}

export interface AggregateStatus {
  name: string
  /** Null: never computed. */
  computedUs: number | null
  /** How far that is behind the newest tick. */
  lagUs: number | null
}

export interface DatabaseStatus {
  server: string
  role: string
  /** Names of the migrations that are to be applied. */
  missingMigrations: string[]
  bytes: number | null
  newestTickUs: number | null
  tables: TableStatus[]
  jobs: JobStatus[]
  aggregates: AggregateStatus[]
  /** Bytes for each row in the tables of ticks, all in all. */
  bytesPerTick: number | null
  /** What could not be looked at, and why. */
  notSeen: string[]
}

const TABLES = `
SELECT c.relname AS table, greatest(c.reltuples, 0)::float8 AS rows, pg_total_relation_size(c.oid)::float8 AS bytes
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname`

const CHUNKS = `
SELECT h.hypertable_name AS table, h.num_chunks::int AS chunks,
  (SELECT count(*) FROM timescaledb_information.chunks c
   WHERE c.hypertable_schema = 'public' AND c.hypertable_name = h.hypertable_name AND c.is_compressed)::int AS "compressedChunks",
  SCHEMA.hypertable_size('public.' || quote_ident(h.hypertable_name))::float8 AS bytes,
  SCHEMA.approximate_row_count(('public.' || quote_ident(h.hypertable_name))::regclass)::float8 AS rows
FROM timescaledb_information.hypertables h WHERE h.hypertable_schema = 'public' ORDER BY 1`

const COMPRESSION = `
SELECT h.hypertable_name AS table, sum(s.before_compression_total_bytes)::float8 AS "uncompressedBytes",
  sum(s.after_compression_total_bytes)::float8 AS "compressedBytes"
FROM timescaledb_information.hypertables h
CROSS JOIN LATERAL SCHEMA.hypertable_compression_stats(('public.' || quote_ident(h.hypertable_name))::regclass) s
WHERE h.hypertable_schema = 'public' GROUP BY 1 HAVING sum(s.after_compression_total_bytes) > 0`

const JOBS = `
SELECT j.job_id::int AS id, j.proc_name AS job, coalesce(a.view_name, j.hypertable_name) AS on, j.schedule_interval::text AS every,
  to_json(s.last_run_started_at)#>>'{}' AS "lastRun",
  CASE WHEN isfinite(j.next_start) THEN to_json(j.next_start)#>>'{}' END AS "nextRun", s.last_run_status AS status,
  coalesce(s.total_failures, 0)::int AS failures
FROM timescaledb_information.jobs j LEFT JOIN timescaledb_information.job_stats s USING (job_id)
LEFT JOIN timescaledb_information.continuous_aggregates a
  ON a.materialization_hypertable_schema = j.hypertable_schema AND a.materialization_hypertable_name = j.hypertable_name
WHERE j.hypertable_schema IS NOT NULL ORDER BY j.job_id`

const JOB_ERRORS = `
SELECT DISTINCT ON (job_id) job_id::int AS id, err_message AS error FROM timescaledb_information.job_errors
WHERE job_id IS NOT NULL ORDER BY job_id, start_time DESC`

/** What was never computed ends at the least time that the server knows. */
const AGGREGATES = `
SELECT user_view_name AS name, CASE WHEN w.at > '0001-01-01' THEN ${microseconds('w.at')} END::float8 AS "computedUs"
FROM _timescaledb_catalog.continuous_agg a
CROSS JOIN LATERAL (SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(a.mat_hypertable_id)) AS at) w
WHERE user_view_schema = 'public' ORDER BY 1`

/** @throws MigrationError when the database was migrated by a newer version, or by other files */
export async function databaseStatus(client: Client): Promise<DatabaseStatus> {
  const { server, role, missing } = await describeServer(client)
  const notSeen: string[] = []
  const look = async <T extends pg.QueryResultRow>(what: string, sql: string): Promise<T[]> => {
    try {
      return (await client.query<T>(sql)).rows
    } catch (error) {
      notSeen.push(`${what}: ${messageOf(error)}`)
      return []
    }
  }
  const [size] = await look<{ bytes: number }>('the size of the database', 'SELECT pg_database_size(current_database())::float8 AS bytes')
  const tables = new Map((await look<TableStatus>('tables', TABLES)).map((table) => [table.table, table]))
  const [newest] = await look<{ us: number | null }>('the newest tick', `SELECT ${microseconds('max(last_ts)')}::float8 AS us FROM batches`)
  const newestTickUs = newest?.us ?? null
  const [extension] = await look<{ schema: string }>(
    'the extension',
    "SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'timescaledb'",
  )
  let jobs: JobStatus[] = []
  let aggregates: AggregateStatus[] = []
  if (extension) {
    const inSchema = (sql: string) => sql.replaceAll('SCHEMA.', `${extension.schema}.`)
    const merge = (found: readonly (Partial<TableStatus> & { table: string })[]) => {
      for (const part of found) Object.assign(tables.get(part.table) ?? {}, part)
    }
    merge(await look('chunks', inSchema(CHUNKS)))
    if (server.endsWith('Community')) merge(await look('compression', inSchema(COMPRESSION)))
    jobs = await look('policies', JOBS)
    const errors = jobs.some(({ status }) => status === 'Failed')
      ? await look<{ id: number; error: string }>('why jobs failed', JOB_ERRORS)
      : []
    for (const job of jobs)
      if (job.status === 'Failed')
        Object.assign(
          job,
          errors.find(({ id }) => id === job.id),
        )
    aggregates = (await look<Omit<AggregateStatus, 'lagUs'>>('aggregates', AGGREGATES)).map(({ name, computedUs }) => ({
      name,
      computedUs,
      lagUs: computedUs === null || newestTickUs === null ? null : Math.max(0, newestTickUs - computedUs),
    }))
  }
  const ticks = TICK_TABLES.flatMap(({ name }) => tables.get(name) ?? [])
  const rows = ticks.reduce((sum, table) => sum + table.rows, 0)
  return {
    server,
    role,
    missingMigrations: missing,
    bytes: size?.bytes ?? null,
    newestTickUs,
    tables: [...tables.values()],
    jobs,
    aggregates,
    bytesPerTick: rows > 0 ? ticks.reduce((sum, table) => sum + table.bytes, 0) / rows : null,
    notSeen,
  }
}
