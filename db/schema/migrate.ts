/**
 * Brings the schema of a database to this version, and back to an earlier one: numbered files, each in one transaction, recorded
 * with their checksum in `tapedeck.schema_migrations`. Two processes may start at once: one waits for the other and finds the work
 * done.
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import pg from 'pg'

import { MigrationError } from '../../market/errors.ts'
import { packageRoot } from '../../system/package-root.ts'
import { hasSqlState, messageOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import { underMigrationLock } from './migration-lock.ts'
import { giveUp } from './storage/move/give-up.ts'
import { withoutAggregates } from './storage/take-down.ts'
import { undisturbed } from './undisturbed.ts'

export interface Migration {
  /** Consecutive, from 1. */
  number: number
  /** `000001_tape`, as the file is called. */
  name: string
  up: string
  /** Undoes `up`; what follows a line `-- down` in the file. */
  down: string
  /** SHA-256 of `up` only, so that `down` can be corrected later. */
  checksum: string
}

export interface MigrateOptions {
  /** Only says what would be done. */
  dryRun?: boolean | undefined
  migrations?: readonly Migration[]
}

const FILE_NAME = /^(\d{6})_[a-z0-9_]+\.sql$/
const INSUFFICIENT_PRIVILEGE = '42501'

/** The migrations that come with this program, in order. */
export async function readMigrations(folder = join(packageRoot(), 'db', 'schema', 'migrations')): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  const numberOf = (file: string | undefined) => Number(FILE_NAME.exec(file ?? '')?.[1] ?? 0)
  return Promise.all(
    files.map(async (file, index) => {
      const number = numberOf(file)
      // Numbers rise from 1; one may be missing that another branch has taken.
      const expected = numberOf(files[index - 1]) + 1
      if (index === 0 ? number !== 1 : !(number >= expected)) throw new Error(`expected migration ${expected} in ${folder}, found ${file}`)
      const text = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n')
      const [up = '', down = ''] = text.split(/^-- down$/m)
      return { number, name: file.slice(0, -'.sql'.length), up, down, checksum: createHash('sha256').update(up).digest('hex') }
    }),
  )
}

/**
 * Applies what is missing. Returns a line about each migration that it applied or, dry, would apply.
 *
 * @param client a connection that is not used for anything else meanwhile
 * @throws MigrationError when the database is newer, was migrated by other files, or refuses
 */
export async function migrate(client: Queryable, { dryRun = false, migrations }: MigrateOptions = {}): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations())
  if (dryRun) return pending(await appliedMigrations(client), wanted).map(({ name }) => `would apply migration ${name}`)
  return underMigrationLock(client, async () => {
    const missing = pending(await appliedMigrations(client), wanted)
    for (const migration of missing) await undisturbed(() => apply(client, migration))
    return missing.map(({ name }) => `applied migration ${name}`)
  })
}

/**
 * Names of the applied migrations and of the missing ones.
 *
 * @throws MigrationError when the database is newer or was migrated by other files
 */
export async function migrationState(client: Queryable): Promise<{ applied: string[]; missing: string[] }> {
  const applied = await appliedMigrations(client)
  const missing = pending(applied, await readMigrations())
  return { applied: applied.map(({ name }) => name), missing: missing.map(({ name }) => name) }
}

export interface MigrateDownOptions extends MigrateOptions {
  /** Number of the last migration that stays; 0 for none. Absent: the last but one. */
  to?: number | undefined
  /** Allows dropping tables that hold rows. */
  loseRows?: boolean | undefined
}

/**
 * Undoes the migrations above `to`, the newest first, all in one transaction. Returns a line about each, and about the rows that
 * go with the tables or columns that hold them. Writers wait meanwhile.
 *
 * @param client a connection that is not used for anything else meanwhile
 * @throws MigrationError `migration-loses-rows` naming them, unless that is allowed; and as `migrate` does
 */
export async function migrateDown(client: Queryable, options: MigrateDownOptions = {}): Promise<string[]> {
  const { dryRun = false, loseRows = false } = options
  const ours = options.migrations ?? (await readMigrations())
  return underMigrationLock(client, async () => {
    const applied = await appliedMigrations(client)
    pending(applied, ours)
    const { to = applied.at(-2)?.number ?? 0 } = options
    const undone = ours.filter(({ number }) => number > to && applied.some((one) => one.number === number)).reverse()
    if (undone.length === 0) return []
    const lost = await undisturbed(() => undoAll(client, undone, { dryRun, loseRows }))
    const word = dryRun ? 'would ' : ''
    return [
      ...undone.map(({ name }) => `${word}${dryRun ? 'undo' : 'undid'} migration ${name}`),
      ...lost.map((rows) => `${word}${dryRun ? 'delete' : 'deleted'} ${rows}`),
    ]
  })
}

/** Undoes them in one transaction. Returns what is lost with them. */
async function undoAll(
  client: Queryable,
  undone: readonly Migration[],
  { dryRun, loseRows }: { dryRun: boolean; loseRows: boolean },
): Promise<string[]> {
  await client.query(BEGIN)
  await liftDecompressionLimit(client)
  try {
    await giveUp(client)
    const lost = await lostRows(client, () => undo(client, undone))
    if (lost.length > 0 && !loseRows && !dryRun)
      throw new MigrationError(
        `Undoing ${undone.map(({ name }) => name).join(', ')} would delete ${lost.join(', ')}. Nothing was changed. ` +
          'Export or back up what you need; with --yes it is deleted.',
        { code: 'migration-loses-rows' },
      )
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT')
    return lost
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    if (error instanceof MigrationError) throw error
    throw new MigrationError(
      `The way back to before ${undone.at(-1)?.name} failed: ${messageOf(error)}. The database is as it was. Only the owner of its tables can go back.`,
      { code: 'migration-failed', retryable: !(error instanceof pg.DatabaseError), cause: error },
    )
  }
}

/** TimescaleDB refuses an UPDATE that reaches more than 100,000 rows of compressed chunks. Other servers do not know the setting. */
async function liftDecompressionLimit(client: Queryable): Promise<void> {
  await client.query(
    `SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'`,
  )
}

/** Returns the names of the aggregates that had to go, with the rows that they had computed. */
async function undo(client: Queryable, migrations: readonly Migration[]): Promise<string[]> {
  const gone: string[] = []
  for (const { number, down } of migrations) {
    gone.push(...(await withoutAggregates(client, () => client.query(down))))
    await client.query('DELETE FROM tapedeck.schema_migrations WHERE number = $1', [number])
  }
  return gone
}

/** Tables whose rows are made again by themselves. */
const DERIVED: readonly string[] = ['public.trading_sessions']

/**
 * Makes `change`, which returns names of dropped aggregates. Returns which rows, or values of columns, it deletes: `1,234 rows of quotes`,
 * `venue of 12 rows of trades`, `computed rows of bars_1m`.
 */
async function lostRows(client: Queryable, change: () => Promise<string[]>): Promise<string[]> {
  const before = await tablesById(client)
  // Keeps out writes between the count and the change.
  if (before.size > 0) await client.query(`LOCK TABLE ${[...before.values()].map(({ name }) => name).join(', ')} IN SHARE MODE`)
  await client.query('SAVEPOINT before_change')
  await change()
  const after = await tablesById(client)
  await client.query('ROLLBACK TO before_change')
  const lost: string[] = []
  for (const [id, { name, columns }] of before) {
    const left = after.get(id)?.columns
    const gone = left ? columns.filter((column) => !left.includes(column)) : []
    if ((left && gone.length === 0) || DERIVED.includes(name)) continue
    const hasValue = left ? ` WHERE num_nonnulls(${gone.map((column) => pg.escapeIdentifier(column)).join(', ')}) > 0` : ''
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${name}${hasValue}`)
    const count = Number(rows[0]?.count)
    const held = `${count.toLocaleString('en-US')} ${count === 1 ? 'row' : 'rows'} of ${name.replace('public.', '')}`
    if (count > 0) lost.push(left ? `${gone.join(', ')} of ${held}` : held)
  }
  const aggregates = await change()
  return [...lost, ...aggregates.map((name) => `computed rows of ${name}`)]
}

/** Tables in `public` that belong to no extension, by their OID, which a rename does not change. A generated column holds nothing of its own. */
async function tablesById(client: Queryable): Promise<Map<string, { name: string; columns: string[] }>> {
  const { rows } = await client.query<{ id: string; name: string; columns: string[] }>(
    `SELECT c.oid::text AS id, 'public.' || quote_ident(c.relname) AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     GROUP BY c.oid, c.relname ORDER BY c.relname`,
  )
  return new Map(rows.map(({ id, ...table }) => [id, table]))
}

type Queryable = Pick<pg.ClientBase, 'query'>
type AppliedMigration = Pick<Migration, 'number' | 'name' | 'checksum'>

async function appliedMigrations(client: Queryable): Promise<AppliedMigration[]> {
  const { rows: tables } = await client.query("SELECT FROM pg_tables WHERE schemaname = 'tapedeck' AND tablename = 'schema_migrations'")
  if (tables.length === 0) return []
  const { rows } = await client.query<AppliedMigration>('SELECT number, name, checksum FROM tapedeck.schema_migrations ORDER BY number')
  return rows
}

/** Returns the migrations of `wanted` that are not applied, also between applied ones: another branch may have had the later number. */
function pending(applied: readonly AppliedMigration[], wanted: readonly Migration[]): Migration[] {
  for (const { number, name, checksum } of applied) {
    const ours = wanted.find((migration) => migration.number === number)
    if (!ours)
      throw new MigrationError(
        `The database is at migration ${name}; this program knows ${wanted.length}, up to ${wanted.at(-1)?.name ?? 'none'}. ` +
          'It was used by a newer version of tapedeck. Install that version or a newer one, or use another database.',
        { code: 'migration-newer-database' },
      )
    if (ours.checksum !== checksum)
      throw new MigrationError(
        `Migration ${ours.name} was applied to the database as ${name} with checksum ${checksum.slice(0, 12)}; this program has it with ` +
          `${ours.checksum.slice(0, 12)}. Applied migrations never change: use the version of tapedeck that made the database, ` +
          'or put the change into a new migration.',
        { code: 'migration-changed' },
      )
  }
  return wanted.filter(({ number }) => !applied.some((one) => one.number === number))
}

async function apply(client: Queryable, { number, name, up, checksum }: Migration): Promise<void> {
  try {
    await client.query(BEGIN)
    await liftDecompressionLimit(client)
    // What is copied of a table that changes is worth nothing.
    await giveUp(client)
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS tapedeck;
       CREATE TABLE IF NOT EXISTS tapedeck.schema_migrations (
         number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    )
    // What reconciles the storage makes those again that had to go.
    await withoutAggregates(client, () => client.query(up))
    await client.query('INSERT INTO tapedeck.schema_migrations (number, name, checksum) VALUES ($1, $2, $3)', [number, name, checksum])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw await failure(client, name, error)
  }
}

async function failure(client: Queryable, name: string, cause: unknown): Promise<MigrationError> {
  if (!hasSqlState(cause, INSUFFICIENT_PRIVILEGE))
    return new MigrationError(`Migration ${name} failed and was undone: ${messageOf(cause)}. The database is as it was before.`, {
      code: 'migration-failed',
      retryable: !(cause instanceof pg.DatabaseError),
      cause,
    })
  const { rows } = await client.query<{ role: string; database: string }>('SELECT current_user AS role, current_database() AS database')
  const { role = 'the role', database = 'the database' } = rows[0] ?? {}
  return new MigrationError(
    `Role ${role} may not create tables in database ${database}: ${messageOf(cause)}. As its owner or a superuser run: ` +
      `GRANT CREATE ON DATABASE "${database}" TO "${role}"; GRANT CREATE, USAGE ON SCHEMA public TO "${role}";`,
    { code: 'migration-not-permitted', cause },
  )
}
