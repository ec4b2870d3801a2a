/** What each role may and may not do, by trying it. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { drop, planDrop } from '../../db/operate/drop-before.ts'
import { applyLogins, type LoginRole, planLogins, readLogins } from '../../db/operate/logins.ts'
import { applyRoles, planRoles, roleNames } from '../../db/operate/roles.ts'
import { connectClient } from '../../db/pool.ts'
import { verifySessions } from '../../db/verify/verify.ts'
import { openDatabase } from '../../db/open.ts'
import { pino } from 'pino'
import { forEachEdition } from '../support/database/databases.ts'
import { folderForTest } from '../support/process/collecting.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'

const FIRST_US = Date.UTC(2026, 10, 2, 15) * 1000
const DENIED = new Set(['42501', '25006', '2BP01'])

/** Neither a reader nor a writer may do this. */
const NOBODYS = [
  ...[
    'quotes',
    'trades',
    'option_greeks',
    'statistics',
    'findings',
    'rejected_ticks',
    'batches',
    'sessions',
    'gaps',
    'instruments',
  ].flatMap((table) => [`DROP TABLE ${table} CASCADE`, `TRUNCATE ${table}`, `ALTER TABLE ${table} ADD COLUMN more int`]),
  ...['quotes', 'trades', 'rejected_ticks', 'batches', 'gaps', 'dropped_ticks'].map((table) => `DELETE FROM ${table}`),
  'UPDATE quotes SET bid_price = 0',
  'UPDATE rejected_ticks SET reason = NULL',
  'UPDATE tapedeck.schema_migrations SET checksum = NULL',
  'DELETE FROM tapedeck.schema_migrations',
  "INSERT INTO dropped_ticks (table_name, dropped_before) VALUES ('quotes', now())",
  'DROP VIEW feed_gaps CASCADE',
  'CREATE OR REPLACE VIEW feed_gaps AS SELECT 1',
  'CREATE TABLE mine (a int)',
  'CREATE TABLE tapedeck.mine (a int)',
  'CREATE SCHEMA mine',
  'CREATE INDEX ON quotes (ts)',
  'DROP INDEX quotes_session',
  'DROP SCHEMA tapedeck CASCADE',
  'ALTER TABLE quotes OWNER TO CURRENT_USER',
  'ALTER TABLE quotes DISABLE TRIGGER ALL',
  'CREATE TRIGGER t BEFORE INSERT ON quotes EXECUTE FUNCTION suppress_redundant_updates_trigger()',
  'CREATE ROLE another',
  'GRANT DELETE ON quotes TO CURRENT_USER; DELETE FROM quotes',
  "COPY quotes TO '/tmp/stolen'",
  "COPY quotes TO PROGRAM 'cat'",
]
const NOT_A_READERS = [
  'INSERT INTO quotes (ts, session_id, seq, instrument_id) VALUES (now(), 1, 1, 1)',
  'INSERT INTO sessions (session_id) VALUES (99)',
  'UPDATE sessions SET ended_ts = now()',
  "UPDATE instruments SET symbol = 'X'",
  'INSERT INTO batches (session_id, batch_no, accepted_ticks, quarantined_ticks) VALUES (9, 9, 0, 0)',
  'DELETE FROM opportunities',
  'DELETE FROM interest_rates',
  'LOCK TABLE batches IN SHARE ROW EXCLUSIVE MODE',
  'SELECT FROM quotes FOR UPDATE',
  'CREATE TEMP TABLE mine (a int)',
  'SELECT pg_switch_wal()',
  'COPY quotes FROM STDIN',
]

forEachEdition('roles', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  const prefix = `t${Math.trunc(performance.timeOrigin % 1e9).toString(36)}`
  const names = roleNames(prefix)
  const logins = { reader: `${prefix}_r`, writer: `${prefix}_w`, admin: `${prefix}_a` }
  const as = (role: keyof typeof logins) => Object.assign(new URL(url), { username: logins[role], password: 'pw' }).href

  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
    await recordThroughJournal({ url, dataDir: await temporaryDirectory(), sessionId: 1, records: wholeSession(FIRST_US, 30) })
    await applyRoles(admin, names)
    for (const role of ['reader', 'writer', 'admin'] as const)
      await admin.query(`CREATE ROLE ${logins[role]} LOGIN PASSWORD 'pw' IN ROLE ${names[role]}`)
  })
  afterAll(async () => {
    for (const role of [...Object.values(logins), ...Object.values(names)])
      await admin.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await admin.end()
  })

  /** Those of the statements that were done, and not undone by us. */
  const allowed = async (role: keyof typeof logins, statements: readonly string[]) => {
    const client = await connectClient(as(role))
    const done: string[] = []
    for (const sql of statements) {
      const error = await client.query(`BEGIN; ${sql}`).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      await client.query('ROLLBACK')
      if (!(error instanceof pg.DatabaseError && DENIED.has(error.code ?? ''))) done.push(`${sql}: ${String(error)}`)
    }
    await client.end()
    return done
  }

  it('have what they need after the first time, and what was made since after the next', async () => {
    expect(await planRoles(admin, names)).toEqual([])
    await admin.query('CREATE TABLE later (a int)')
    const reader = await connectClient(as('reader'))
    expect((await reader.query('SELECT FROM later')).rowCount, 'by default privileges').toBe(0)
    await reader.end()
    expect((await applyRoles(admin, names)).map(({ what }) => what)).toEqual([
      `make ${names.admin} the owner of later`,
      `let ${names.writer} INSERT, SELECT later`,
    ])
    expect(await planRoles(admin, names)).toEqual([])
    await admin.query('DROP TABLE later')
  })

  it('let a reader read everything and change nothing', async () => {
    expect(await allowed('reader', [...NOBODYS, ...NOT_A_READERS])).toEqual([])
    const reader = await connectClient(as('reader'))
    const { rows } = await reader.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p') ORDER BY 1",
    )
    for (const { name } of rows) if (!name.startsWith('pg_')) await reader.query(`SELECT * FROM ${name} LIMIT 1`)
    expect((await reader.query('SELECT FROM quotes')).rowCount).toBeGreaterThan(0)
    await reader.end()
    for await (const { problems } of verifySessions({ url: as('reader'), query: { sessionId: 'all' } })) expect(problems).toEqual([])
  })

  it('let a writer record, into chunks that are new as well, and drop nothing', async () => {
    await recordThroughJournal({
      url: as('writer'),
      dataDir: await folderForTest(),
      sessionId: 2,
      records: wholeSession(FIRST_US + 40 * 86_400_000_000, 30),
    })
    const found = []
    for await (const { problems } of verifySessions({ url: as('reader'), query: { sessionId: 2 } })) found.push(...problems)
    expect(found).toEqual([])
    expect(await allowed('writer', NOBODYS)).toEqual([])
  })

  it.each(['writer', 'reader'] as const)('let a %s start on a database that needs nothing', async (role) => {
    const database = openDatabase({
      config: { dataDir: '/nowhere', database: { url: as(role), lanes: 1 } },
      logger: pino({ level: 'silent' }),
    })
    await database.prepare()
    expect(database.server()).toMatch(/PostgreSQL/)
    await database.close()
  })

  it('are given to logins with the passwords of files, once, and again when those change', async () => {
    const folder = await folderForTest()
    const passwordFile = join(folder, 'password')
    const name = `${prefix}_login`
    const given = async (role: LoginRole, password: string) => {
      await writeFile(passwordFile, `${password}\n`)
      return (await applyLogins(admin, names, await readLogins([{ name, role, passwordFile }]))).map(({ what }) => what)
    }
    const privileges = async () => {
      const { rows } = await admin.query<{ reads: boolean; inserts: boolean; monitors: boolean }>(
        `SELECT has_table_privilege($1, 'quotes', 'SELECT') AS reads, has_table_privilege($1, 'quotes', 'INSERT') AS inserts,
           pg_has_role($1, 'pg_monitor', 'USAGE') AS monitors`,
        [name],
      )
      return rows[0]
    }
    onTestFinished(() => void admin.query(`DROP ROLE IF EXISTS ${name}`))
    expect(await given('writer', "it's one")).toEqual([`make the login ${name}`, `make ${name} a member of ${names.writer}`])
    expect(await given('writer', "it's one")).toEqual([])
    expect(await privileges()).toEqual({ reads: true, inserts: true, monitors: false })
    const client = await connectClient(Object.assign(new URL(url), { username: name, password: "it's one" }).href)
    expect((await client.query('SELECT FROM quotes LIMIT 1')).rowCount).toBe(1)
    await client.end()
    const { rows: kept } = await admin.query('SELECT left(rolpassword, 14) AS kind FROM pg_authid WHERE rolname = $1', [name])
    expect(kept).toEqual([{ kind: 'SCRAM-SHA-256$' }])

    expect(await given('reader', 'two')).toEqual([
      `give ${name} the password of its file`,
      `take ${name} out of ${names.writer}`,
      `make ${name} a member of ${names.reader}`,
    ])
    expect(await privileges()).toEqual({ reads: true, inserts: false, monitors: false })
    expect(await given('admin', 'two')).toHaveLength(2)
    expect(await given('monitor', 'two')).toEqual([`take ${name} out of ${names.admin}`, `make ${name} a member of pg_monitor`])
    expect(await privileges()).toEqual({ reads: false, inserts: false, monitors: true })
    expect(await given('monitor', 'two')).toEqual([])
  })

  it('are given to no login that is a superuser or a role itself, and by no file that holds no password', async () => {
    const { rows } = await admin.query<{ me: string }>('SELECT current_user AS me')
    for (const name of [rows[0]?.me ?? '', names.reader])
      await expect(planLogins(admin, names, [{ name, role: 'reader', password: 'x' }])).rejects.toThrow(
        /expected a name of its own, found (a superuser|one of the roles)/,
      )
    const passwordFile = join(await folderForTest(), 'password')
    const read = () => readLogins([{ name: 'pat', role: 'reader', passwordFile }])
    await expect(read()).rejects.toThrow(`The password of the login pat: ${passwordFile} cannot be read (ENOENT).`)
    for (const [text, found] of [
      ['\n', 'nothing'],
      ['pass\nword', 'something else'],
      ['pässword', 'something else'],
    ] as const) {
      await writeFile(passwordFile, text)
      const error: unknown = await read().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'login-password', message: expect.stringMatching(new RegExp(`found ${found}\\.$`)) })
      expect(String(error)).not.toMatch(/word$|pass\n|päss/)
    }
  })

  describe('that own the tables', () => {
    it('drop what is old', async () => {
      const client = await connectClient(as('admin'))
      const gone = await drop(client, await planDrop(client, { beforeUs: FIRST_US + 86_400_000_000 }))
      expect(gone.get('quotes')).toBeGreaterThan(0)
      await client.end()
      const writer = await connectClient(as('writer'))
      await expect(planDrop(writer, { beforeUs: FIRST_US * 2 }).then((plan) => drop(writer, plan))).rejects.toThrow(/permission denied/)
      await writer.end()
    })
  })
})
