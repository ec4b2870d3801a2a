/** What is shown of a database: true on each edition, for a role that may only read as well. */

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { formatDatabaseStatus } from '../../cli/db/status-report.ts'
import { connectClient } from '../../db/pool.ts'
import { databaseStatus } from '../../db/read/queries/database-status.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'

const FIRST_US = Date.UTC(2026, 10, 2, 15) * 1000

forEachEdition('the status of a database', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
    await recordThroughJournal({ url, dataDir: await temporaryDirectory(), sessionId: 1, records: wholeSession(FIRST_US, 300) })
    await client.query('ANALYZE')
  })
  afterAll(() => client.end())

  it('has rows, sizes and the newest tick, in 80 columns', async () => {
    const status = await databaseStatus(client)
    const { rows: counted } = await client.query<{ quotes: number; newest: number }>(
      'SELECT count(*)::int AS quotes, (SELECT extract(epoch FROM max(last_ts)) * 1000000 FROM batches)::float8 AS newest FROM quotes',
    )
    const quotes = status.tables.find(({ table }) => table === 'quotes')
    expect(status).toMatchObject({ missingMigrations: [], notSeen: [], newestTickUs: counted[0]?.newest })
    expect(status.bytes).toBeGreaterThan(1_000_000)
    expect(quotes?.rows).toBe(counted[0]?.quotes)
    expect(quotes?.bytes).toBeGreaterThan(8192)
    const isTimescale = status.server.includes('TimescaleDB 2')
    expect(quotes?.chunks).toBe(isTimescale ? 1 : undefined)
    expect(status.bytesPerTick).toBeGreaterThan(50)
    const text = formatDatabaseStatus(status)
    expect(text).toMatch(/^Server +PostgreSQL \d+/)
    expect(text).toMatch(/^quotes +\d+ +\d/m)
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it('is what tapedeck.table_chunks, storage_jobs and computed_aggregates return, for dashboards', async () => {
    const { rows: license } = await client.query<{ license: string | null }>(
      "SELECT current_setting('timescaledb.license', true) AS license",
    )
    if (license[0]?.license === 'timescale') {
      await client.query("SELECT compress_chunk(chunk) FROM show_chunks('quotes') chunk")
      await client.query("CALL refresh_continuous_aggregate('quote_bars_1m', NULL, NULL)")
    }
    const { tables, jobs, aggregates } = await databaseStatus(client)
    const { rows: chunks } = await client.query(
      `SELECT table_name AS table, chunks::int, compressed_chunks::int AS "compressedChunks", total_bytes::float8 AS bytes,
         uncompressed_bytes::float8 AS "uncompressedBytes", compressed_bytes::float8 AS "compressedBytes"
       FROM tapedeck.table_chunks() WHERE table_name IN ('quotes', 'trades', 'option_greeks', 'statistics', 'findings') ORDER BY 1`,
    )
    const hypertables = tables.filter((table) => table.chunks !== undefined)
    expect(hypertables.length).toBe(license[0]?.license ? 5 : 0)
    expect(chunks).toEqual(
      hypertables.map(({ table, chunks, compressedChunks, bytes, uncompressedBytes = null, compressedBytes = null }) => ({
        table,
        chunks,
        compressedChunks,
        bytes,
        uncompressedBytes,
        compressedBytes,
      })),
    )
    const { rows: policies } = await client.query<{ job: string; on: string }>(
      'SELECT job, works_on AS on FROM tapedeck.storage_jobs() ORDER BY works_on, job',
    )
    const inOrder = jobs.map(({ job, on }) => ({ job, on })).sort((a, b) => `${a.on} ${a.job}`.localeCompare(`${b.on} ${b.job}`))
    expect(policies.sort((a, b) => `${a.on} ${a.job}`.localeCompare(`${b.on} ${b.job}`))).toEqual(inOrder)
    const { rows: computed } = await client.query(
      `SELECT aggregate AS name, (extract(epoch FROM computed_to) * 1000000)::float8 AS "computedUs" FROM tapedeck.computed_aggregates() ORDER BY 1`,
    )
    expect(computed).toEqual(aggregates.map(({ name, computedUs }) => ({ name, computedUs })))
  })

  it('says what a role may not see, and shows the rest', async () => {
    const role = `blind_${Math.trunc(performance.timeOrigin % 1e9).toString(36)}`
    await client.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT USAGE ON SCHEMA tapedeck TO ${role}; GRANT SELECT ON tapedeck.schema_migrations TO ${role}`,
    )
    try {
      const blind = await connectClient(Object.assign(new URL(url), { username: role, password: 'pw' }).href)
      const status = await databaseStatus(blind)
      await blind.end()
      expect(status.notSeen).toContain('the newest tick: permission denied for table batches')
      expect(status.tables.length).toBeGreaterThan(10)
      expect(formatDatabaseStatus(status)).toMatch(new RegExp(`^Not seen, as ${role}: the newest tick`, 'm'))
    } finally {
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it('shows a policy that fails as failing, with what to do', async () => {
    const status = await databaseStatus(client)
    const failed = {
      id: 1007,
      job: 'policy_retention',
      on: 'quotes',
      every: '1 day',
      lastRun: '2026-11-02T15:00:00+00:00',
      nextRun: null,
      status: 'Failed',
      failures: 3,
    }
    const text = formatDatabaseStatus({
      ...status,
      jobs: [
        { ...failed, error: 'disk full' },
        { ...failed, id: 1008, status: 'Success' },
      ],
    })
    expect(text).toMatch(/^FAILING: policy_retention on quotes: disk full\. Run it by hand to see more: CALL\nrun_job\(1007\)\.$/m)
    expect(text).not.toContain('1008')
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })
})
