/**
 * How the tables are to be stored, as data, and what brings a server there: nothing on plain PostgreSQL, hypertables on
 * TimescaleDB. Doing it again changes nothing, and a setting that was changed on purpose (another chunk interval) stays.
 */

import pg from 'pg'

import { MigrationError } from '../../market/errors.ts'
import { underMigrationLock } from './migrate.ts'
import { messageOf } from '../sqlstates.ts'
import { TRANSACTION_SETTINGS } from '../transaction.ts'

/** The hypertables that are wanted, partitioned by ts. */
const HYPERTABLES: readonly { table: string; chunkInterval: string }[] = [
  { table: 'quotes', chunkInterval: '1 day' },
  { table: 'trades', chunkInterval: '1 day' },
  { table: 'option_greeks', chunkInterval: '1 day' },
  { table: 'statistics', chunkInterval: '1 day' },
  // A rule that flags wide quotes of options finds something about half of them.
  { table: 'findings', chunkInterval: '1 day' },
]

/** What the server can do: tables only; hypertables (TimescaleDB Apache); and columnstore, aggregates, policies (Community). */
export type Edition = 'plain' | 'apache' | 'community'

export interface StoragePlan {
  edition: Edition
  /** `TimescaleDB 2.28.3 Community`, or why there is none. */
  server: string
  steps: readonly StorageStep[]
}

interface StorageStep {
  /** Completes "would": `make quotes a hypertable`. */
  what: string
  sql: string
}

type Queryable = Pick<pg.ClientBase, 'query'>

/** What is missing between the tables as they are and as they are wished to be on this server. */
export async function planStorage(client: Queryable): Promise<StoragePlan> {
  const { rows } = await client.query<{ version: string | null; schema: string; license: string; available: boolean; loaded: boolean }>(
    `SELECT e.extversion AS version, e.extnamespace::regnamespace::text AS schema, current_setting('timescaledb.license', true) AS license,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AS available,
       EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%') AS loaded
     FROM (SELECT 1) AS one LEFT JOIN pg_extension e ON e.extname = 'timescaledb'`,
  )
  const [found] = rows
  if (!found?.available) return { edition: 'plain', server: 'PostgreSQL without TimescaleDB', steps: [] }
  if (found.version === null) {
    if (found.loaded) return { edition: 'plain', server: 'TimescaleDB, not used yet', steps: [CREATE_EXTENSION] }
    const server =
      "TimescaleDB, but it is not loaded: add it to shared_preload_libraries in the server's configuration and restart the server"
    return { edition: 'plain', server, steps: [] }
  }
  const edition = found.license === 'timescale' ? 'community' : 'apache'
  return {
    edition,
    server: `TimescaleDB ${found.version} ${edition === 'community' ? 'Community' : 'Apache'}`,
    steps: await hypertableSteps(client, found.schema),
  }
}

/**
 * Stores the tables as they are wished to be. Returns lines that say what the server is, and what was done or, dry, would be.
 * Where the role may not create the extension the tables stay plain, and a line says so.
 *
 * @throws MigrationError when the server refuses a step
 */
export async function reconcileStorage(client: Queryable, { dryRun = false }: { dryRun?: boolean } = {}): Promise<string[]> {
  if (dryRun) {
    const { server, steps } = await planStorage(client)
    const more = steps.includes(CREATE_EXTENSION) ? [`would make hypertables of ${HYPERTABLES.map(({ table }) => table).join(', ')}`] : []
    return [`storage: ${server}`, ...steps.map(({ what }) => `would ${what}`), ...more]
  }
  return underMigrationLock(client, async () => {
    const lines: string[] = []
    let plan = await planStorage(client)
    if (plan.steps.includes(CREATE_EXTENSION)) {
      const refusal = await createExtension(client)
      if (refusal !== undefined) return [`storage: ${plan.server}; the tables stay plain: ${refusal}`]
      lines.push(`did ${CREATE_EXTENSION.what}`)
      plan = await planStorage(client)
    }
    for (const step of plan.steps) {
      await take(client, step)
      lines.push(`did ${step.what}`)
    }
    return [`storage: ${plan.server}`, ...lines]
  })
}

const CREATE_EXTENSION: StorageStep = { what: 'create the extension timescaledb', sql: 'CREATE EXTENSION timescaledb SCHEMA public' }

async function createExtension(client: Queryable): Promise<string | undefined> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${CREATE_EXTENSION.sql}`)
    return undefined
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return `${messageOf(error)}. Have a superuser run "${CREATE_EXTENSION.sql}" in this database, then run \`tapedeck db migrate\``
  }
}

/**
 * Makes collectors wait where they insert the marker of a batch, in front of its rows. A COPY that waits for the table itself would write into
 * the root of the hypertable, where no query sees the rows, since TimescaleDB has looked at the table before the wait (seen in 2.28.3).
 */
const LOCK_WRITERS = 'LOCK TABLE public.batches IN SHARE ROW EXCLUSIVE MODE'

async function hypertableSteps(client: Queryable, schema: string): Promise<StorageStep[]> {
  const { rows } = await client.query<{ table: string; rows: number }>(
    `SELECT c.relname AS table, c.reltuples AS rows FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) AND NOT EXISTS (
       SELECT FROM timescaledb_information.hypertables h WHERE h.hypertable_schema = 'public' AND h.hypertable_name = c.relname)`,
    [HYPERTABLES.map(({ table }) => table)],
  )
  return HYPERTABLES.flatMap(({ table, chunkInterval }) => {
    const plain = rows.find((row) => row.table === table)
    if (!plain) return []
    const moved = plain.rows > 0 ? `, moving about ${plain.rows} rows while writers wait` : ''
    return {
      what: `make ${table} a hypertable with chunks of ${chunkInterval}${moved}`,
      sql: `${LOCK_WRITERS}; SELECT ${schema}.create_hypertable('public.${table}', 'ts', chunk_time_interval => interval '${chunkInterval}',
              create_default_indexes => false, migrate_data => true, if_not_exists => true)`,
    }
  })
}

async function take(client: Queryable, { what, sql }: StorageStep): Promise<void> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${sql}`)
  } catch (cause) {
    throw new MigrationError(`The server did not ${what}: ${messageOf(cause)}. The role must own the table; run this again as its owner.`, {
      code: 'storage-refused',
      retryable: !(cause instanceof pg.DatabaseError),
      cause,
    })
  }
}
