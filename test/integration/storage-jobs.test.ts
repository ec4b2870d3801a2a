/**
 * What is asked about the database's background jobs. The jobs here are of the test itself, on a table of its own, so that no policy of the
 * program is needed; whether the server runs them by itself makes no difference.
 */

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { storageJobs } from '../../db/read/queries/storage-jobs.ts'
import { forEachEdition } from '../support/database/databases.ts'

forEachEdition('jobs of the storage', ({ createTapeDatabase }) => {
  let client: pg.Client
  let isCommunity: boolean
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    const { rows } = await client.query<{ license: string | null }>("SELECT current_setting('timescaledb.license', true) AS license")
    isCommunity = rows[0]?.license === 'timescale'
  })
  afterAll(() => client.end())

  const own = async () => (await storageJobs(client)).filter(({ on }) => on.startsWith('readings'))

  it('are none where nobody has added any, and no error on a server that has no jobs at all', async () => {
    expect(await own()).toEqual([])
  })

  it('are overdue from their first start on, name the aggregate and not the table behind it, and say when the last run failed', async ({
    skip,
  }) => {
    skip(!isCommunity, 'continuous aggregates are of the Community edition')
    await client.query('CREATE TABLE readings (ts timestamptz NOT NULL, value float8)')
    await client.query("SELECT create_hypertable('readings', 'ts')")
    await client.query(
      `CREATE MATERIALIZED VIEW readings_1m WITH (timescaledb.continuous) AS
       SELECT time_bucket('1 minute', ts) AS bucket, max(value) AS high FROM readings GROUP BY 1 WITH NO DATA`,
    )
    const day = (interval: string) => `start_offset => NULL, end_offset => INTERVAL '1 minute', schedule_interval => INTERVAL '${interval}'`
    // In a transaction, where the server cannot start what is due before the test has looked.
    await client.query('BEGIN')
    await client.query(
      `SELECT add_continuous_aggregate_policy('readings_1m', ${day('1 hour')}, initial_start => now() - INTERVAL '3 hours')`,
    )
    await client.query("SELECT add_retention_policy('readings', INTERVAL '1 year', initial_start => now() + INTERVAL '1 day')")
    const jobs = await own()
    await client.query('ROLLBACK')
    expect(jobs.map(({ job, on }) => `${job} ${on}`)).toEqual(['retention readings', 'refresh readings_1m'])
    expect(jobs[0]).toMatchObject({ overdueSeconds: 0, failed: false })
    // Three hours behind its first start, less the hour of its schedule.
    expect(jobs[1]?.overdueSeconds).toBeGreaterThan(7190)
    expect(jobs[1]?.overdueSeconds).toBeLessThan(10_800)
  })
})
