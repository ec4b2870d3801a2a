import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type pg from 'pg'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'

import { type Migration, migrate, migrateDown, readMigrations } from '../../db/schema/migrate.ts'
import { connectClient } from '../../db/pool.ts'
import { reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { openRecordSource } from '../../db/read/record-source.ts'
import { TICK_TABLES, tickColumns } from '../../db/schema/tick-tables.ts'
import { MigrationError } from '../../market/errors.ts'
import { DELAYED, EVENT_TIME, MARKS, RULES, TICK_FIELDS } from '../../market/tick-fields.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { usFromIso } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { flagged } from '../support/tape/verdicts.ts'
import { PATIENTLY } from '../support/waiting.ts'

const shipped = await readMigrations()
const last = shipped.at(-1)?.number ?? 0
const extra = (up: string, down = ''): Migration => ({ number: last + 1, name: 'extra', up, down, checksum: `of ${up}` })

forEachEdition('the migrator', ({ createDatabase }) => {
  let url: string
  let client: pg.Client
  beforeEach(async () => {
    url = await createDatabase()
    client = await connectClient(url)
  })
  afterEach(() => client.end())

  const names = async (sql: string) => (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name)
  const tables = () =>
    names("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type <> 'VIEW' ORDER BY 1")
  const failure = async (migrations: Migration[]) => {
    const error: unknown = await migrate(client, { migrations }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MigrationError)
    return error as MigrationError
  }

  it('makes every table, and does nothing the second time', async () => {
    expect(await migrate(client)).toEqual(shipped.map(({ name }) => `applied migration ${name}`))
    expect(await tables()).toEqual(expect.arrayContaining(['batches', 'instruments', 'quotes', 'rejected_ticks', 'sessions', 'trades']))
    expect(await migrate(client)).toEqual([])
  })

  it('says what it would do without doing it', async () => {
    expect(await migrate(client, { dryRun: true })).toEqual(shipped.map(({ name }) => `would apply migration ${name}`))
    expect(await tables()).toEqual([])
  })

  it('explains every table and view to those who look at the database', async () => {
    await migrate(client)
    const silent = `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p')
      AND obj_description(oid, 'pg_class') IS NULL AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`
    expect(await names(silent)).toEqual([])
  })

  it('comments every column of a tick with what the program knows of the field', async () => {
    await migrate(client)
    for (const table of TICK_TABLES) {
      const { rows } = await client.query<{ column: string; about: string | null }>(
        `SELECT attname AS column, col_description(attrelid, attnum) AS about FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
        [table.name],
      )
      const fields = [EVENT_TIME, ...TICK_FIELDS[table.kind], DELAYED, MARKS, RULES]
      const about = new Map(rows.map(({ column, about }) => [column, about]))
      expect(fields.map(({ column }) => [column, about.get(column)])).toEqual(fields.map(({ column, about }) => [column, about]))
      expect(rows.map(({ column }) => column).sort()).toEqual(tickColumns(table).sort())
    }
  })

  it('keeps what a database of the first version knows, and takes it back there', async () => {
    const [first] = shipped
    if (!first) expect.unreachable('there is no migration')
    await migrate(client, { migrations: [first] })
    const us = (text: string) => usFromIso(`2014-06-05T${text}Z`)
    await client.query(
      `INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:TWX:USD', 'stock', 'TWX', 'USD');
       INSERT INTO sessions (session_id, started_ts) VALUES (7, '2014-06-05 13:00Z');
       INSERT INTO session_instruments SELECT 7, instrument_id FROM instruments;
       INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks, first_ts, last_ts)
         VALUES (7, 1, 1, 0, '2014-06-05 13:30Z', '2014-06-05 13:30Z');
       INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, flags)
         SELECT '2014-06-05 13:30Z', 7, 4, instrument_id, 1.5, 'spike' FROM instruments;
       INSERT INTO session_configs VALUES (7, 1, '2014-06-05 13:00Z', '{"rules": {}}');
       INSERT INTO line_holds SELECT 7, 2, instrument_id, NULL, '2014-06-05 13:01Z', 6, '2014-06-05 14:00Z', '2014-06-05 13:59Z', 'end' FROM instruments;
       INSERT INTO line_holds SELECT 7, 3, instrument_id, 'tick-by-tick-trades', '2014-06-05 13:02Z', NULL, NULL, NULL, 'wanted' FROM instruments;
       INSERT INTO outages VALUES (7, 5, '2014-06-05 13:45Z', '2014-06-05 13:40Z', '2014-06-05 13:44Z', 'link', NULL, 3)`,
    )
    await migrate(client)
    const source = await openRecordSource({ url }, { sessionId: 7 })
    const records: TapeRecord[] = []
    for await (const chunk of source.records()) records.push(...chunk.records)
    const [contract] = records
    const instrument = contract?.kind === 'contract' ? contract.instrument : 0
    const held = { kind: 'line', instrument, openedSeq: 2, openedTsUs: us('13:01:00') }
    expect(records).toEqual([
      { kind: 'contract', seq: 0, tsUs: us('13:00:00'), instrument, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } },
      { kind: 'config', seq: 1, tsUs: us('13:00:00'), config: { rules: {} } },
      { ...held, seq: 2, tsUs: us('13:01:00'), event: 'opened' },
      {
        ...held,
        seq: 3,
        tsUs: us('13:02:00'),
        event: 'opened',
        feed: 'tick-by-tick-trades',
        openedSeq: 3,
        openedTsUs: us('13:02:00'),
        cause: 'wanted',
      },
      {
        kind: 'quote',
        seq: 4,
        tsUs: us('13:30:00'),
        instrument,
        bidPrice: 1.5,
        verdict: flagged('spike', ''),
      },
      { kind: 'gap', seq: 5, tsUs: us('13:45:00'), fromTsUs: us('13:40:00'), toTsUs: us('13:44:00'), cause: 'link', droppedTicks: 3 },
      { ...held, seq: 6, tsUs: us('14:00:00'), event: 'closed', untilTsUs: us('13:59:00'), cause: 'end' },
    ])
    expect(await names('SELECT cause AS name FROM feed_gaps')).toEqual(['link'])
    // What is only in the new table goes with it; the gaps stay under their former name.
    expect(await migrateDown(client, { to: 1, dryRun: true })).toEqual([
      ...shipped
        .slice(1)
        .reverse()
        .map(({ name }) => `would undo migration ${name}`),
      'would delete 5 rows of control_records',
      'would delete 1 row of findings',
      'would delete marks, rules of 1 row of quotes',
      'would delete 1 row of rules',
    ])
    await client.query("UPDATE instruments SET hours = '{}'; UPDATE quotes SET marks = 'late'")
    expect(await migrateDown(client, { to: 2, dryRun: true })).toEqual([
      ...shipped
        .slice(2)
        .reverse()
        .map(({ name }) => `would undo migration ${name}`),
      'would delete 1 row of findings',
      'would delete hours, calendar of 1 row of instruments',
      'would delete marks, rules of 1 row of quotes',
      'would delete 1 row of rules',
    ])
    await migrateDown(client, { to: 1, loseRows: true })
    expect(await names('SELECT cause AS name FROM outages')).toEqual(['link'])
    expect(await names('SELECT cause AS name FROM feed_gaps')).toEqual(['link'])
    expect(await migrate(client)).toEqual(shipped.slice(1).map(({ name }) => `applied migration ${name}`))
  })

  it('keeps who may read the views of gaps, and the views that read them, on the way up and back', async () => {
    await migrate(client, { migrations: shipped.slice(0, 4) })
    const role = `tapedeck_reader_${new URL(url).pathname.slice(-6)}`
    await client.query(
      `CREATE VIEW losses AS SELECT cause, sum(duration) AS lost FROM feed_gaps GROUP BY cause;
       CREATE VIEW lines_lost AS SELECT DISTINCT instrument_id FROM line_gaps;
       CREATE ROLE ${role}; GRANT SELECT ON feed_gaps, line_gaps, losses, lines_lost TO ${role};
       INSERT INTO gaps VALUES (7, 5, '2014-06-05 13:45Z', '2014-06-05 13:40Z', '2014-06-05 13:44Z', 'link', NULL, 3)`,
    )
    onTestFinished(async () => {
      const last = await connectClient(url)
      await last.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await last.end()
    })
    const asReader = async () => {
      await client.query(`SET ROLE ${role}`)
      try {
        for (const view of ['line_gaps', 'lines_lost']) expect(await names(`SELECT instrument_id AS name FROM ${view}`)).toEqual([])
        for (const view of ['feed_gaps', 'losses']) expect(await names(`SELECT cause AS name FROM ${view}`)).toEqual(['link'])
      } finally {
        await client.query('RESET ROLE')
      }
    }
    await asReader()
    await migrate(client)
    await asReader()
    // The functions read with the rights of who calls them, and need these.
    const call = "SELECT cause AS name FROM feed_gaps_between('2014-06-05', '2014-06-06')"
    await client.query(`SET ROLE ${role}`)
    await expect(client.query(call)).rejects.toThrow(/permission denied/)
    await client.query('RESET ROLE')
    await client.query(`GRANT SELECT ON gaps, line_holds, missing_lines, sessions, session_instruments, instruments TO ${role}`)
    await client.query(`SET ROLE ${role}`)
    expect(await names(call)).toEqual(['link'])
    await client.query('RESET ROLE')
    await migrateDown(client, { to: 4, loseRows: true })
    await asReader()
  })

  it('undoes everything, the newest first, whatever the server made of the tables, and makes it again', async () => {
    for (const _ of ['once', 'again']) {
      await migrate(client)
      await reconcileStorage(client)
      const undone = shipped.map(({ name }) => name).reverse()
      expect(await migrateDown(client, { to: 0, dryRun: true })).toEqual(undone.map((name) => `would undo migration ${name}`))
      expect(await migrate(client)).toEqual([])
      expect(await migrateDown(client, { to: 0 })).toEqual(undone.map((name) => `undid migration ${name}`))
      expect(await tables()).toEqual([])
      expect(await migrateDown(client)).toEqual([])
    }
    expect(await migrate(client)).toHaveLength(shipped.length)
  })

  it('goes back though the server ends it once for the locks of another', async () => {
    const migrations = [...shipped, extra('CREATE TABLE zz (a int)', 'DROP TABLE zz')]
    await migrate(client, { migrations })
    const other = await connectClient(url)
    onTestFinished(() => other.end())
    // The migrator looks for a deadlock first, and is the one that the server ends then.
    await client.query("SET deadlock_timeout = '3s'")
    await other.query("BEGIN; SET LOCAL deadlock_timeout = '20s'; LOCK TABLE zz IN ROW EXCLUSIVE MODE")
    const down = migrateDown(client, { migrations, to: last })
    const waits = async () => (await other.query(`SELECT FROM pg_locks WHERE relation = 'zz'::regclass AND NOT granted`)).rows.length > 0
    await vi.waitUntil(waits, PATIENTLY)
    await other.query('LOCK TABLE artifacts IN ROW EXCLUSIVE MODE')
    await other.query('COMMIT')
    expect(await down).toEqual(['undid migration extra'])
  })

  it('goes back one step, or to the step that is asked for', async () => {
    const migrations = [
      ...shipped,
      extra('CREATE TABLE one (a int)', 'DROP TABLE one'),
      { ...extra('CREATE TABLE two (a int)', 'DROP TABLE two'), number: last + 2, name: 'second' },
    ]
    await migrate(client, { migrations })
    expect(await migrateDown(client, { migrations })).toEqual(['undid migration second'])
    expect(await migrate(client, { migrations })).toEqual(['applied migration second'])
    expect(await migrateDown(client, { migrations, to: last })).toEqual(['undid migration second', 'undid migration extra'])
    expect(await migrateDown(client, { migrations, to: last })).toEqual([])
    expect(await migrate(client)).toEqual([])
  })

  it('applies a lower number that came later, and undoes only what was applied', async () => {
    const late = extra('CREATE TABLE late (a int)', 'DROP TABLE late')
    const early = { ...extra('CREATE TABLE early (a int)', 'DROP TABLE early'), number: last + 2, name: 'early' }
    const migrations = [...shipped, late, early]
    await migrate(client, { migrations: [...shipped, early] })
    expect(await migrateDown(client, { migrations })).toEqual(['undid migration early'])
    await migrate(client, { migrations: [...shipped, early] })
    expect(await migrate(client, { migrations })).toEqual(['applied migration extra'])
    expect(await tables()).toEqual(expect.arrayContaining(['early', 'late']))
    expect(await migrateDown(client, { migrations, to: last })).toEqual(['undid migration early', 'undid migration extra'])
  })

  it('deletes rows only when allowed to, and says how many of which table it would delete', async () => {
    const columns = extra('ALTER TABLE batches ADD COLUMN note text', 'ALTER TABLE batches DROP COLUMN note')
    const migrations = [...shipped, columns]
    await migrate(client, { migrations })
    await reconcileStorage(client)
    await client.query(
      `INSERT INTO quotes (ts, session_id, seq, instrument_id) SELECT timestamptz '2014-06-05' + n * interval '1 minute', 1, n, 1
         FROM generate_series(1, 4321) n;
       INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks) VALUES (1, 1, 4321, 0)`,
    )
    const refusal: unknown = await migrateDown(client, { migrations, to: 0 }).catch((reason: unknown) => reason)
    expect(refusal).toMatchObject({ code: 'migration-loses-rows' })
    expect((refusal as Error).message).toMatch(/would delete 1 row of batches, 4,321 rows of quotes\. Nothing was changed\./)
    expect(await migrateDown(client, { migrations, dryRun: true })).toEqual(['would undo migration extra'])
    await client.query("UPDATE batches SET note = 'checked'")
    await expect(migrateDown(client, { migrations })).rejects.toThrow(/would delete note of 1 row of batches\./)
    expect(await migrateDown(client, { migrations, to: 0, dryRun: true })).toContain('would delete 4,321 rows of quotes')
    expect(await migrate(client, { migrations })).toEqual([])
    expect((await client.query('SELECT FROM quotes')).rowCount).toBe(4321)

    expect(await migrateDown(client, { migrations, to: 0, loseRows: true })).toEqual([
      'undid migration extra',
      ...shipped.map(({ name }) => `undid migration ${name}`).reverse(),
      'deleted 1 row of batches',
      'deleted 4,321 rows of quotes',
    ])
    expect(await tables()).toEqual([])
  })

  it('leaves everything as it was when a step back fails', async () => {
    const migrations = [...shipped, extra('CREATE TABLE held (a int)', 'DROP TABLE held; SELECT 1 / 0')]
    await migrate(client, { migrations })
    await expect(migrateDown(client, { migrations })).rejects.toThrow(
      /The way back to before extra failed: division by zero\. The database is as it was/,
    )
    expect(await tables()).toContain('held')
    expect(await migrate(client, { migrations })).toEqual([])
  })

  it('lets two of them start at the same time', async () => {
    const other = await connectClient(url)
    onTestFinished(() => other.end())
    const applied = await Promise.all([migrate(client), migrate(other)])
    expect(applied.flat()).toHaveLength(shipped.length)
  })

  it('undoes a migration that fails, and names it', async () => {
    const error = await failure([...shipped, extra('CREATE TABLE half (a int); SELECT 1 / 0')])
    expect(error.message).toMatch(/extra failed and was undone: division by zero/)
    expect(await tables()).not.toContain('half')
    expect(await migrate(client)).toEqual([])
  })

  it('refuses a database that a newer version has migrated, and says what to do', async () => {
    await migrate(client, { migrations: [...shipped, extra('CREATE TABLE tomorrow (a int)')] })
    const error = await failure(shipped)
    expect(error.code).toBe('migration-newer-database')
    expect(error.message).toMatch(
      new RegExp(`at migration extra; this program knows ${shipped.length}, .*Install that version or a newer one`),
    )
  })

  it('refuses a database whose applied migrations are not its own', async () => {
    await migrate(client)
    const error = await failure(shipped.map((migration) => ({ ...migration, checksum: 'another' })))
    expect(error.code).toBe('migration-changed')
    expect(error.message).toContain('000001_tape')
  })

  it('says what an administrator has to grant to a role without rights', async () => {
    const role = `tapedeck_poor_${new URL(url).pathname.slice(-6)}`
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret-word'; REVOKE ALL ON SCHEMA public FROM public`)
    onTestFinished(async () => {
      const last = await connectClient(url)
      await last.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await last.end()
    })
    const poor = new URL(url)
    poor.username = role
    poor.password = 'secret-word'
    const session = await connectClient(poor.href)
    onTestFinished(() => session.end())
    await expect(migrate(session)).rejects.toThrow(new RegExp(`Role ${role} may not create tables .* GRANT CREATE ON DATABASE`))
    await expect(migrate(session)).rejects.toThrow(MigrationError)
    await expect(migrate(session)).rejects.not.toThrow(/secret-word/)
  })
})

it('takes a migration for the same whatever line ends it was checked out with, and whatever its down part', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const checksum = async (text: string) => {
    await writeFile(join(folder, '000001_one.sql'), text)
    return (await readMigrations(folder)).map((migration) => migration.checksum)
  }
  const original = await checksum('CREATE TABLE a (b int);\n\n-- down\nDROP TABLE a;\n')
  expect(await checksum('CREATE TABLE a (b int);\r\n\r\n-- down\r\nDROP TABLE a;\r\n')).toEqual(original)
  expect(await checksum('CREATE TABLE a (b int);\n\n-- down\nDROP TABLE IF EXISTS a;\n')).toEqual(original)
  expect(await checksum('CREATE TABLE a (b bigint);\n\n-- down\nDROP TABLE a;\n')).not.toEqual(original)
})

it('does not start when a migration file is missing or misnamed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, '000002_two.sql'), 'SELECT 1')
  await expect(readMigrations(folder)).rejects.toThrow(/expected migration 1 in .*, found 000002_two.sql/)
})

it('ships migrations that anybody can read the units from', async () => {
  const text = await readFile(new URL('../../db/schema/migrations/000001_tape.sql', import.meta.url), 'utf8')
  expect(text).toContain('Annual fraction: 0.25 is 25 %.')
})
