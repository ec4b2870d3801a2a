/** A plain table with rows becomes a hypertable in steps, while others write into it, read it, and get in the way. */

import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { migrate, migrateDown, readMigrations } from '../../db/schema/migrate.ts'
import { giveUp } from '../../db/schema/storage/move/give-up.ts'
import { type MoveOptions, moveTable } from '../../db/schema/storage/move/move-table.ts'
import type { MoveProgress } from '../../db/schema/storage/move/progress.ts'
import { readMove } from '../../db/schema/storage/move/state.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { missingRows } from '../../db/read/queries/missing-rows.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, quotes } from '../support/tape/ticks.ts'

/** Of the same columns, indexes and comments as the quotes, made anew for each test. */
const TABLE = 'ticks'
const MOVE = { table: TABLE, chunkInterval: '1 day', extensionSchema: 'public', windowBlocks: 2 } satisfies MoveOptions
const LONG = { timeout: 60_000, interval: 20 }
const contentOf = (table: string) =>
  `SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs, sum(hash_record_extended(ROW(t.*), 0))::text AS content FROM ${table} t`

forEachEdition('a table with rows', ({ createDatabase }) => {
  let url: string
  let client: pg.Client
  let impossible = true
  beforeAll(async () => {
    url = await createDatabase()
    client = await connectClient(url)
    const { rows } = await client.query("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
    impossible = rows.length === 0
    if (impossible) return
    await migrate(client)
    await client.query('CREATE EXTENSION timescaledb SCHEMA public')
  })
  afterAll(() => client.end())
  beforeEach(async ({ skip }) => {
    skip(impossible, 'this server has no hypertables')
    await client.query('DROP TABLE IF EXISTS ticks CASCADE; CREATE TABLE ticks (LIKE quotes INCLUDING ALL EXCLUDING INDEXES)')
    await client.query("CREATE INDEX ticks_instrument ON ticks (instrument_id, ts); COMMENT ON TABLE ticks IS 'As quotes.'")
    await insert(client, 1, 2000)
  })

  const other = async () => {
    const another = await connectClient(url)
    onTestFinished(() => another.end())
    return another
  }
  const content = async (table = TABLE) => (await client.query<{ rows: number; seqs: number }>(contentOf(table))).rows[0]
  const isHypertable = async () =>
    (await client.query("SELECT FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public' AND hypertable_name = 'ticks'"))
      .rowCount === 1
  const leftovers = async () =>
    (
      await client.query(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tapedeck_mov%' UNION SELECT tgname FROM pg_trigger WHERE tgname LIKE 'tapedeck_move%'",
      )
    ).rows
  /** Moves until `stop` says so of what it reports, as a process that is killed there does. */
  const moveUntil = async (stop: (progress: MoveProgress) => boolean) => {
    const stopping = new AbortController()
    const moving = await other()
    const onProgress = (progress: MoveProgress) => stop(progress) && stopping.abort(new Error('stopped'))
    await expect(moveTable(moving, { ...MOVE, onProgress, signal: stopping.signal })).rejects.toThrow('stopped')
    await moving.end()
  }
  const halfWay = () => moveUntil(({ phase }) => phase === 'copy')

  it('becomes a hypertable of the same rows, indexes, comments, rights, views and triggers', async () => {
    const role = `tapedeck_reader_${new URL(url).pathname.slice(-6)}`
    await client.query(`CREATE ROLE ${role}; GRANT SELECT ON ticks TO ${role}; GRANT UPDATE (rules) ON ticks TO ${role}`)
    onTestFinished(async () => {
      const last = await connectClient(url)
      await last.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await last.end()
    })
    await client.query(
      `CREATE VIEW asked WITH (security_barrier = true) AS SELECT q.ts, max(ask_price) AS price FROM ticks q GROUP BY q.ts;
       CREATE VIEW asked_twice AS SELECT price FROM asked; GRANT SELECT ON asked TO ${role};
       CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER note AFTER INSERT ON ticks FOR EACH STATEMENT EXECUTE FUNCTION noted()`,
    )
    const described = async () =>
      (
        await client.query(
          `SELECT (SELECT json_agg(pg_get_indexdef(indexrelid) ORDER BY 1) FROM pg_index WHERE indrelid = c.oid) AS indexes, relacl::text,
             (SELECT json_agg((attname, format_type(atttypid, atttypmod), attnotnull, attacl, col_description(c.oid, attnum))::text ORDER BY attnum)
              FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns, obj_description(c.oid) AS about,
             (SELECT json_agg(tgname) FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'note') AS triggers,
             (SELECT json_agg((relname, reloptions, relacl, pg_get_viewdef(oid))::text ORDER BY relname) FROM pg_class WHERE relname LIKE 'asked%') AS views
           FROM pg_class c WHERE oid = 'ticks'::regclass`,
        )
      ).rows
    const [before, wasDescribed] = [await content(), await described()]
    const seen: MoveProgress[] = []
    expect(await moveTable(client, { ...MOVE, onProgress: (progress) => seen.push(progress) })).toBe(2000)
    expect([await content(), await described()]).toEqual([before, wasDescribed])
    expect((await client.query('SELECT count(*)::int AS rows FROM asked_twice')).rows).toEqual([{ rows: 2000 }])
    expect(await isHypertable()).toBe(true)
    expect(await leftovers()).toEqual([])
    expect(seen.map(({ phase }) => phase)).toEqual(['begun', ...seen.slice(1, -2).map(() => 'copy'), 'compare', 'done'])
    expect(seen.length).toBeGreaterThan(5)
  })

  it('has every row at every moment for readers, and takes those that are written meanwhile, also under a savepoint', async () => {
    const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    const store = createTickStore({ pool })
    let batchNo = 0
    const storeNext = () => store.store({ sessionId: 2, batchNo: ++batchNo, blocks: [block(quotes(batchNo * 100, 100))] }, contractOf)
    for (let i = 0; i < 20; i++) await storeNext()
    const [reader, writer] = [await other(), await other()]
    const problems: unknown[] = []
    const others: Promise<unknown>[] = []
    let looks = Promise.resolve()
    const look = async () => {
      const { rows } = await reader.query<{ rows: number; marked: number }>(
        `SELECT (SELECT count(*) FROM quotes WHERE session_id = 2)::int AS rows, sum(accepted_ticks)::int AS marked FROM batches`,
      )
      problems.push(...rows.filter(({ rows, marked }) => rows !== marked), ...(await missingRows(reader)))
    }
    const onProgress = ({ phase }: MoveProgress) => {
      if (phase !== 'done') others.push(storeNext())
      looks = looks.then(look)
    }
    await writer.query('BEGIN; CREATE TEMPORARY TABLE early (); SAVEPOINT one')
    const writing = async ({ phase }: MoveProgress) => {
      if (phase !== 'begun') return
      await insert(writer, 3, 10, 'quotes')
      await writer.query('SAVEPOINT two')
      await insert(writer, 4, 10, 'quotes')
      await writer.query('ROLLBACK TO two; COMMIT')
    }
    await moveTable(client, { ...MOVE, table: 'quotes', onProgress: (progress) => [onProgress(progress), others.push(writing(progress))] })
    await Promise.all([...others, looks])
    await storeNext()
    expect(problems).toEqual([])
    expect(await content('quotes')).toMatchObject({ rows: 10 + batchNo * 100, seqs: 10 + batchNo * 100 })
    expect((await client.query('SELECT FROM ONLY quotes')).rowCount).toBe(0)
  })

  it('goes on where a stopped move ended, and takes what was written in between', async () => {
    await halfWay()
    const [before, stopped] = [await content(), await readMove(client)]
    expect(stopped).toMatchObject({ table: TABLE, nextBlock: 2, fits: true })
    await insert(client, 5, 50)
    const seen: MoveProgress[] = []
    await moveTable(client, { ...MOVE, onProgress: (progress) => seen.push(progress) })
    expect(seen[0]).toMatchObject({ phase: 'continued', rows: stopped?.rows })
    expect(await content()).toMatchObject({ rows: (before?.rows ?? 0) + 50 })
  })

  it('begins anew when the table was rewritten or altered in between, and loses nothing', async () => {
    await halfWay()
    await client.query('CLUSTER ticks USING ticks_instrument')
    const phases: string[] = []
    const before = await content()
    await moveUntil(({ phase }) => phases.push(phase) > 0 && phases.includes('copy'))
    expect(phases).toEqual(['anew', 'begun', 'copy'])
    await client.query('ALTER TABLE ticks ADD COLUMN more text; CREATE INDEX more_ticks ON ticks (seq)')
    await moveTable(client, { ...MOVE, onProgress: ({ phase }) => phases.push(phase) })
    expect(phases.slice(3, 5)).toEqual(['anew', 'begun'])
    expect(await content()).toMatchObject({ rows: before?.rows, seqs: before?.seqs })
    expect((await client.query("SELECT indexname FROM pg_indexes WHERE tablename = 'ticks' AND indexname = 'more_ticks'")).rowCount).toBe(1)
  })

  it('refuses to change or delete rows during a move, and is as before when the move is given up', async () => {
    const before = await content()
    await halfWay()
    for (const sql of ['DELETE FROM ticks', 'UPDATE ticks SET bid_price = 1', 'TRUNCATE ticks'])
      await expect(client.query(sql)).rejects.toThrow(/on its way to become a hypertable.*Let "tapedeck db apply" end/)
    await client.query('BEGIN')
    expect(await giveUp(client)).toBe(TABLE)
    await client.query('COMMIT')
    expect(await leftovers()).toEqual([])
    expect(await content()).toEqual(before)
    await client.query('DELETE FROM ticks')
    expect(await isHypertable()).toBe(false)
  })

  it('is given up when a migration changes the tables, and when they go', async () => {
    await halfWay()
    const change = { number: 999_999, name: '999999_more', up: 'ALTER TABLE ticks ADD COLUMN more text', down: '', checksum: '' }
    await migrate(client, { migrations: [...(await readMigrations()), change] })
    expect(await leftovers()).toEqual([])
    await client.query('DELETE FROM tapedeck.schema_migrations WHERE number = 999999')
    await halfWay()
    const [dry] = await migrateDown(client, { to: 0, dryRun: true })
    expect(dry).toMatch(/^would undo migration/)
    expect(await readMove(client)).toMatchObject({ nextBlock: 2 })
  })

  it('waits for readers that look at the database as it was, who miss nothing then', async () => {
    const reader = await other()
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM batches')
    const waits: string[] = []
    let done = false
    const moved = moveTable(client, { ...MOVE, onProgress: ({ waitsFor }) => waitsFor && waits.push(waitsFor) }).finally(
      () => (done = true),
    )
    await vi.waitFor(() => expect(waits.length).toBeGreaterThan(0), LONG)
    expect(waits[0]).toMatch(/^process \d+/)
    expect((await reader.query('SELECT count(*)::int AS rows FROM ticks')).rows).toEqual([{ rows: 2000 }])
    expect(done).toBe(false)
    await reader.query('COMMIT')
    await moved
  })

  it('is named with what could not follow, and with the role that may not move it', async () => {
    await client.query('CREATE MATERIALIZED VIEW best AS SELECT max(bid_price) FROM ticks')
    await expect(moveTable(client, MOVE)).rejects.toThrow(/only without what hangs on it: .*materialized view best.*Drop it/s)
    const role = `tapedeck_modest_${new URL(url).pathname.slice(-6)}`
    await client.query(`DROP MATERIALIZED VIEW best; CREATE ROLE ${role}`)
    onTestFinished(async () => {
      const last = await connectClient(url)
      await last.query(`DROP ROLE ${role}`)
      await last.end()
    })
    await client.query(`SET ROLE ${role}`)
    await expect(moveTable(client, MOVE)).rejects.toThrow(new RegExp(`Role ${role} may not make ticks a hypertable: it belongs to role`))
    await client.query('RESET ROLE')
    expect(await leftovers()).toEqual([])
  })
})

/** Rows of one session, a minute between them. */
async function insert(client: pg.Client, sessionId: number, rows: number, table = TABLE): Promise<void> {
  await client.query(`INSERT INTO ${table} (ts, session_id, seq, instrument_id, bid_price, marks)
    SELECT timestamptz '2014-06-05 13:30Z' + i * interval '1 minute', ${sessionId}, i, i % 3, CASE WHEN i % 7 > 0 THEN i END, repeat('x', 40)
    FROM generate_series(1, ${rows}) AS i`)
}
