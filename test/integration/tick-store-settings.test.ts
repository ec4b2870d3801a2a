import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool, type DatabasePool } from '../../db/pool.ts'
import { migrate, readMigrations } from '../../db/schema/migrate.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, FIRST_TS_US, quotes } from '../support/tape/ticks.ts'
import { flagged } from '../support/tape/verdicts.ts'

/** What a role may bring along. */
const HOSTILE = {
  synchronous_commit: 'off',
  statement_timeout: '150ms',
  lock_timeout: '100ms',
  idle_in_transaction_session_timeout: '5ms',
  search_path: 'pg_catalog',
}
const WANTED = {
  synchronous_commit: 'on',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '1min',
  search_path: 'public',
}
const SEEN = `jsonb_build_object(${Object.keys(HOSTILE)
  .map((name) => `'${name}', current_setting('${name}')`)
  .join(', ')})`
/** Written to by the batch's own statements and by the upsert of its instruments. */
const WATCHED = ['batches', 'quotes', 'gaps', 'control_records', 'instruments', 'data_quality']

forEachEdition('a transaction of a role with settings of its own', ({ createTapeDatabase, createDatabase }) => {
  let url: string
  let admin: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
    await admin.query(`CREATE TABLE seen (name text, settings jsonb);
      CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.seen VALUES (TG_ARGV[0], ${SEEN}); RETURN NULL; END $$`)
    for (const table of WATCHED)
      await admin.query(`CREATE TRIGGER watched AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION see('${table}')`)
  })
  afterAll(() => admin.end())

  /** What a pooler in transaction mode gives: a backend on which only the role was set. */
  const otherBackend = async (client: pg.ClientBase) => {
    await client.query('RESET ALL')
    await client.query(
      Object.entries(HOSTILE)
        .map(([name, value]) => `SET ${name} = '${value}'`)
        .join('; '),
    )
  }
  const pooled = (): DatabasePool => {
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    return {
      end: () => pool.end(),
      withClient: (use) =>
        pool.withClient(async (client) => {
          await otherBackend(client)
          return use(client)
        }),
    }
  }
  const flag = flagged('spike', 'far')
  const records: TapeRecord[] = [
    ...quotes(1, 10).map((tick) => ({ ...tick, verdict: flag })),
    { kind: 'gap', seq: 11, tsUs: FIRST_TS_US + 99_000, fromTsUs: FIRST_TS_US, toTsUs: FIRST_TS_US + 1, cause: 'link' },
  ]

  it('that writes a batch or instruments waits for the disk, and as long as it takes', async () => {
    expect(
      await createTickStore({ pool: pooled() }).store({ sessionId: 1, batchNo: 1, blocks: [block(records)] }, contractOf),
    ).toMatchObject({ acceptedTicks: 10 })
    const { rows } = await admin.query<{ name: string; settings: object }>('SELECT DISTINCT name, settings FROM seen')
    expect(new Map(rows.map(({ name, settings }) => [name, settings]))).toEqual(new Map(WATCHED.map((table) => [table, WANTED])))
    expect(rows).toHaveLength(WATCHED.length)
  })

  it('that goes row by row does so too', async () => {
    await admin.query('TRUNCATE seen; ALTER TABLE quotes ADD CONSTRAINT no_five CHECK (session_id <> 2 OR seq <> 5)')
    onTestFinished(async () => {
      await admin.query('ALTER TABLE quotes DROP CONSTRAINT no_five')
    })
    const stored = await createTickStore({ pool: pooled() }).store({ sessionId: 2, batchNo: 1, blocks: [block(quotes(1, 10))] }, contractOf)
    expect(stored).toMatchObject({ acceptedTicks: 9, refusedTicks: 1 })
    const { rows } = await admin.query<{ settings: object }>('SELECT DISTINCT settings FROM seen')
    expect(rows).toEqual([{ settings: WANTED }])
  })

  it('outlasts a lock that is held longer than the role would wait', async () => {
    const holder = await connectClient(url)
    onTestFinished(() => holder.end())
    await holder.query('BEGIN; LOCK TABLE quotes IN SHARE MODE')
    const stored = createTickStore({ pool: pooled() }).store({ sessionId: 3, batchNo: 1, blocks: [block(quotes(1, 10))] }, contractOf)
    const waited = async () => {
      const { rows } = await admin.query<{ ms: number }>(
        `SELECT extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000 AS ms FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows[0]?.ms ?? 0
    }
    await expect.poll(waited, { timeout: 10_000 }).toBeGreaterThan(400)
    await holder.query('COMMIT')
    expect(await stored).toMatchObject({ acceptedTicks: 10 })
  })

  it('that migrates does so too', async () => {
    const client = await connectClient(await createDatabase())
    onTestFinished(() => client.end())
    const shipped = await readMigrations()
    await otherBackend(client)
    await migrate(client, {
      migrations: [
        ...shipped,
        {
          number: (shipped.at(-1)?.number ?? 0) + 1,
          name: 'seen',
          up: `CREATE TABLE seen AS SELECT ${SEEN} AS settings`,
          down: '',
          checksum: 'seen',
        },
      ],
    })
    expect((await client.query('SELECT settings FROM public.seen')).rows).toEqual([{ settings: WANTED }])
  })
})
