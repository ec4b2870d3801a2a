/** How the background jobs of TimescaleDB on our tables and aggregates are doing. None in plain PostgreSQL and in the Apache edition. */

import type pg from 'pg'

export interface StorageJob {
  /** `other`: one that somebody else has added. */
  job: 'refresh' | 'compression' | 'retention' | 'other'
  /** Name of the aggregate or table that it works on. */
  on: string
  /** Its last run failed. */
  failed: boolean
  /** By how much its last successful run is older than its schedule allows; 0 while it is on time. */
  overdueSeconds: number
}

/**
 * A job that never succeeded is due since its first start or, where none is told, since the server runs: a server without background
 * workers never starts one. Jobs that are not scheduled count: somebody has switched them off.
 */
const JOBS = `
SELECT CASE j.proc_name
    WHEN 'policy_refresh_continuous_aggregate' THEN 'refresh' WHEN 'policy_compression' THEN 'compression'
    WHEN 'policy_retention' THEN 'retention' ELSE 'other' END AS job,
  coalesce(a.view_name, j.hypertable_name)::text AS on,
  coalesce(s.last_run_status = 'Failed', false) AS failed,
  greatest(0, extract(epoch FROM clock_timestamp() - j.schedule_interval
    - coalesce(nullif(s.last_successful_finish, '-infinity'), j.initial_start, pg_postmaster_start_time())))::float8 AS "overdueSeconds"
FROM timescaledb_information.jobs j
LEFT JOIN timescaledb_information.job_stats s USING (job_id)
LEFT JOIN timescaledb_information.continuous_aggregates a ON a.materialization_hypertable_name = j.hypertable_name
WHERE j.hypertable_name IS NOT NULL
ORDER BY 2, 1`

export async function storageJobs(client: Pick<pg.ClientBase, 'query'>): Promise<StorageJob[]> {
  const { rows: there } = await client.query<{ there: boolean }>("SELECT to_regclass('timescaledb_information.jobs') IS NOT NULL AS there")
  if (there[0]?.there !== true) return []
  return (await client.query<StorageJob>(JOBS)).rows
}
