import type pg from 'pg'
import { beforeAll, afterAll, expect, it, onTestFinished } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { migrate, migrateDown } from '../../db/schema/migrate.ts'
import { applyStorage } from '../../db/schema/storage/apply.ts'
import type { Aggregate } from '../../db/schema/storage/objects.ts'
import { planStorage, reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { DEFAULT_STORAGE, type StorageSettings } from '../../db/schema/storage/settings.ts'
import { BATCH_ROWS, wishedStorage } from '../../db/schema/storage/wished.ts'
import { MigrationError } from '../../market/errors.ts'
import { forEachEdition } from '../support/database/databases.ts'

const wishes = (settings: Partial<StorageSettings> = {}) => ({ wished: wishedStorage({ ...DEFAULT_STORAGE, ...settings }) })
const NINETY_DAYS = { ...DEFAULT_STORAGE.retention, quotes: '90 days' }

forEachEdition('the policies', ({ createDatabase }) => {
  let url: string
  let client: pg.Client
  let isCommunity: boolean
  beforeAll(async () => {
    url = await createDatabase()
    client = await connectClient(url)
    await migrate(client)
    await reconcileStorage(client, wishes())
    isCommunity = (await planStorage(client, wishes())).edition === 'community'
  })
  afterAll(() => client.end())

  const planned = async (settings?: Partial<StorageSettings>) => (await planStorage(client, wishes(settings))).steps.map(({ what }) => what)
  /** Only Community has policies: elsewhere there is nothing to change. */
  const inCommunity = (...steps: unknown[]) => (isCommunity ? steps : [])

  it('are what is wished for once they are made, and the second plan is empty', async () => {
    expect(await planned()).toEqual([])
    expect(await applyStorage(client, wishes())).toEqual([])
    if (!isCommunity) return
    const { rows } = await client.query<{ name: string; after: string }>(
      `SELECT hypertable_name AS name, config->>'compress_after' AS after FROM timescaledb_information.jobs
       WHERE proc_name = 'policy_compression' AND hypertable_schema = 'public' ORDER BY 1`,
    )
    expect(rows).toEqual(['findings', 'option_greeks', 'quotes', 'statistics', 'trades'].map((name) => ({ name, after: '7 days' })))
  })

  it('follow one edited line with one change, and back', async () => {
    const minutes = {
      ...wishes(),
      wished: wishes().wished.map((o) => (o.kind === 'compression-policy' && o.on === 'quotes' ? { ...o, after: '45 minutes' } : o)),
    }
    expect((await planStorage(client, minutes)).steps.map(({ what }) => what)).toEqual(
      inCommunity('compress chunks of quotes after 45 minutes instead of 7 days'),
    )
    await reconcileStorage(client, minutes)
    expect((await planStorage(client, minutes)).steps).toEqual([])
    expect(await planned()).toHaveLength(isCommunity ? 1 : 0)
    await reconcileStorage(client, wishes())
    expect(await planned()).toEqual([])
  })

  it('are noticed when they were dropped by hand', async () => {
    if (isCommunity) await client.query("SELECT remove_compression_policy('trades')")
    expect(await planned()).toEqual(inCommunity('compress chunks of trades after 7 days'))
    expect(await applyStorage(client, wishes())).toHaveLength(isCommunity ? 1 : 0)
    expect(await planned()).toEqual([])
  })

  it('drop nothing unless that was allowed, and never at the start', async () => {
    const retention = { retention: NINETY_DAYS }
    await reconcileStorage(client, wishes(retention))
    expect(await planned(retention)).toEqual(inCommunity('drop chunks of quotes after 90 days'))
    const refused: unknown = await applyStorage(client, wishes(retention)).catch((error: unknown) => error)
    if (isCommunity) expect(refused).toMatchObject({ code: 'storage-loses-rows', message: expect.stringContaining('with --yes') as string })
    else expect(refused).toEqual([])
    await applyStorage(client, { ...wishes(retention), loseRows: true })
    expect(await planned(retention)).toEqual([])
    await reconcileStorage(client, wishes())
    expect(await planned()).toEqual(inCommunity('no longer drop chunks of quotes after 90 days'))
    await applyStorage(client, wishes())
    expect(await planned()).toEqual([])
  })

  it('compress chunks, whose rows are then read as before', async () => {
    if (!isCommunity) return
    await client.query(`INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
      SELECT timestamptz '2014-06-05 13:30Z' + i * interval '1 second', 1, i, i % 5, i FROM generate_series(1, 5000) AS i`)
    const { rows: jobs } = await client.query<{ id: number }>(
      "SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression' AND hypertable_name = 'quotes'",
    )
    await client.query(`CALL run_job(${jobs[0]?.id})`)
    const { rows } = await client.query(
      `SELECT (SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'quotes') AS compressed,
         count(*)::int AS rows, sum(bid_price) AS sum FROM quotes`,
    )
    expect(rows).toEqual([{ compressed: true, rows: 5000, sum: 12_502_500 }])
    await client.query('TRUNCATE quotes')
  })

  it('compress few rows together, in every session that the owner of the tables begins', async () => {
    if (!isCommunity) return
    const session = await connectClient(url)
    onTestFinished(() => session.end())
    const { rows } = await session.query("SELECT current_setting('timescaledb.compression_batch_size_limit')::int AS rows")
    expect(rows).toEqual([{ rows: BATCH_ROWS }])
    await client.query(`DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I RESET ALL', current_database()); END $$`)
    expect((await planStorage(client, wishes())).changes.map(({ key }) => key)).toEqual(['batch-size quotes'])
    await reconcileStorage(client, wishes())
    expect(await planned()).toEqual([])
  })

  it('cannot be changed by a role that owns nothing, which starts all the same and says what is left', async () => {
    const role = `tapedeck_writer_${new URL(url).pathname.slice(-6)}`
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
    onTestFinished(async () => {
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })
    const modest = new URL(url)
    modest.username = role
    modest.password = 'x'
    const session = await connectClient(modest.href)
    onTestFinished(() => session.end())
    expect(await reconcileStorage(session, wishes())).toHaveLength(1)
    const changed = wishes({ compressAfter: '3 days' })
    const lines = await reconcileStorage(session, changed)
    expect(lines.filter((line) => line.includes('tapedeck db apply'))).toHaveLength(isCommunity ? 5 : 0)
    const refused: unknown = await applyStorage(session, changed).catch((error: unknown) => error)
    if (isCommunity) expect(refused).toBeInstanceOf(MigrationError)
    else expect(refused).toEqual([])
    expect(await planned()).toEqual([])
  })

  it('are of an edition that is there, or the server is refused', async () => {
    const asked = planStorage(client, { ...wishes(), edition: 'community' })
    if (isCommunity) expect((await asked).edition).toBe('community')
    else await expect(asked).rejects.toThrow(/Expected TimescaleDB Community, as storage\.edition asks for, found/)
  })

  it('do not keep the schema from being taken down, aggregates included', async () => {
    const counted: Aggregate = {
      kind: 'aggregate',
      name: 'counted_prices',
      from: 'trades',
      bucket: '1 minute',
      query: `SELECT ${isCommunity ? 'time_bucket' : 'date_bin'}('1 minute', ts${isCommunity ? '' : ", timestamptz '2000-01-03'"}) AS bucket, count(price) AS prices FROM trades GROUP BY 1`,
      about: 'Prices.',
      comments: {},
    }
    await reconcileStorage(client, { wished: [...wishes().wished, counted] })
    expect(await migrateDown(client, { to: 0, dryRun: true })).not.toHaveLength(0)
    expect((await client.query('SELECT FROM counted_prices')).rows).toEqual([])
    await migrateDown(client, { to: 0, loseRows: true })
    const { rows } = await client.query("SELECT relname FROM pg_class WHERE relname IN ('quotes', 'counted_prices')")
    expect(rows).toEqual([])
    await migrate(client)
    await reconcileStorage(client, wishes())
    expect(await planned()).toEqual([])
  })
})
