import type pg from 'pg'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'

import { migrate } from '../../db/schema/migrate.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { planStorage, reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, quotes } from '../support/tape/ticks.ts'
import { PATIENTLY } from '../support/waiting.ts'

/** Connections to this database that wait for a table. */
async function waiting(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ waiting: number }>(
    `SELECT count(DISTINCT pid)::int AS waiting FROM pg_locks
     WHERE NOT granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
  return rows[0]?.waiting ?? Number.NaN
}

const HYPERTABLES = ['findings', 'option_greeks', 'quotes', 'statistics', 'trades']

forEachEdition('the storage', ({ createDatabase }) => {
  let url: string
  let client: pg.Client
  let hasTimescale: boolean
  beforeEach(async () => {
    url = await createDatabase()
    client = await connectClient(url)
    await migrate(client)
    const { rows } = await client.query("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
    hasTimescale = rows.length > 0
  })
  afterEach(() => client.end())

  const hypertables = async () => {
    if (!hasTimescale) return []
    const { rows } = await client.query<{ name: string; interval: string; rows: string }>(
      `SELECT hypertable_name AS name, time_interval::text AS interval FROM timescaledb_information.dimensions
       WHERE hypertable_schema = 'public' AND column_name = 'ts' ORDER BY 1`,
    )
    return rows
  }
  const expected = () => (hasTimescale ? HYPERTABLES.map((name) => ({ name, interval: '1 day' })) : [])

  it('is what the server can do, and stays as it is the second time', async () => {
    await reconcileStorage(client)
    expect(await hypertables()).toEqual(expected())
    const { edition, server, steps } = await planStorage(client)
    expect(edition === 'plain').toBe(!hasTimescale)
    expect(server).toMatch(hasTimescale ? /^TimescaleDB \d\S* (Apache|Community)$/ : /^PostgreSQL without TimescaleDB$/)
    expect(steps).toEqual([])
    expect(await reconcileStorage(client)).toEqual([`storage: ${server}`])
  })

  it('is planned in words before anything is done', async () => {
    const plan = await reconcileStorage(client, { dryRun: true })
    expect(plan.length).toBeGreaterThan(1)
    expect(plan.slice(1).every((line) => line.startsWith('would '))).toBe(true)
    const { rows } = await client.query("SELECT FROM pg_extension WHERE extname = 'timescaledb'")
    expect(rows).toEqual([])
  })

  it('moves rows that are there already, and keeps the plain indexes', async () => {
    await client.query(`INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
      SELECT timestamptz '2014-06-05 13:30Z' + i * interval '1 hour', 1, i, 1, i FROM generate_series(1, 100) AS i`)
    await reconcileStorage(client)
    const { rows } = await client.query('SELECT count(*)::int AS rows, sum(bid_price) AS sum FROM quotes')
    expect(rows).toEqual([{ rows: 100, sum: 5050 }])
    const { rows: indexes } = await client.query<{ name: string }>(
      "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'quotes' ORDER BY 1",
    )
    expect(indexes.map(({ name }) => name)).toEqual(['quotes_instrument', 'quotes_session'])
  })

  it('loses no batch that is written while a table becomes a hypertable', async () => {
    const reader = await connectClient(url)
    onTestFinished(() => reader.end())
    await reader.query('BEGIN; SELECT count(*) FROM quotes')
    // Each comes to a lock behind which the next one waits, but where there are no hypertables.
    const reconciled = reconcileStorage(client)
    if (hasTimescale) await vi.waitFor(async () => expect(await waiting(reader)).toBe(1), PATIENTLY)
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    const stored = createTickStore({ pool }).store({ sessionId: 1, batchNo: 1, blocks: [block(quotes(1, 10))] }, contractOf)
    if (hasTimescale) await vi.waitFor(async () => expect(await waiting(reader)).toBe(2), PATIENTLY)
    await reader.query('COMMIT')
    await reconciled
    expect(await stored).toMatchObject({ acceptedTicks: 10 })
    expect((await client.query('SELECT count(*)::int AS rows FROM quotes')).rows).toEqual([{ rows: 10 }])
  })

  it('leaves a chunk interval that was set by hand as it is', async () => {
    await reconcileStorage(client)
    if (hasTimescale) await client.query("SELECT set_chunk_time_interval('quotes', interval '7 days')")
    expect(await reconcileStorage(client)).toHaveLength(1)
    const other = expected().map((table) => (table.name === 'quotes' ? { ...table, interval: '7 days' } : table))
    expect(await hypertables()).toEqual(other)
  })

  it('stays plain, and says why, where the role may not create the extension', async () => {
    const role = `tapedeck_modest_${new URL(url).pathname.slice(-6)}`
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
    onTestFinished(async () => {
      const last = await connectClient(url)
      await last.query(`DROP ROLE ${role}`)
      await last.end()
    })
    const modest = new URL(url)
    modest.username = role
    modest.password = 'x'
    const session = await connectClient(modest.href)
    onTestFinished(() => session.end())
    const lines = await reconcileStorage(session)
    expect(lines.slice(0, 2).join(' ')).toMatch(
      hasTimescale ? /the tables stay plain: .*Have a superuser run "CREATE EXTENSION timescaledb/ : /without TimescaleDB/,
    )
  })
})
