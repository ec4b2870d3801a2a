/** What a database is and how far its schema has come, in words for people and as data for programs. Changes nothing. */

import type pg from 'pg'

import { migrationState } from './schema/migrate.ts'
import type { Edition } from './schema/storage/objects.ts'
import { readServer } from './schema/storage/server.ts'

export interface ServerDescription {
  /** `PostgreSQL 18.4, TimescaleDB 2.28.3 Community`. */
  server: string
  edition: Edition
  /** Names of the applied and of the missing migrations. */
  applied: string[]
  missing: string[]
  /** The role may make schemas in the database, and tables in `public`. */
  mayCreate: boolean
  /** The role may write ticks; null as long as there are no tables. */
  mayWrite: boolean | null
  /** A standby, or a database that is set to take no writes. */
  readOnly: boolean
  role: string
  /** The server's clock, in milliseconds since 1970. */
  clockMs: number
}

/** @throws MigrationError when the database was migrated by a newer version, or by other files */
export async function describeServer(client: Pick<pg.ClientBase, 'query'>): Promise<ServerDescription> {
  const { server: storage, edition } = await readServer(client, [])
  const { rows } = await client.query<Omit<ServerDescription, 'server' | 'edition' | 'applied' | 'missing'> & { version: string }>(
    `SELECT current_setting('server_version') AS version, current_user AS role,
       has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege('public', 'CREATE') AS "mayCreate",
       CASE WHEN to_regclass('public.quotes') IS NOT NULL THEN has_table_privilege('public.quotes', 'INSERT') END AS "mayWrite",
       pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "readOnly",
       extract(epoch FROM clock_timestamp())::float8 * 1000 AS "clockMs"`,
  )
  const { version = '', ...found } = rows[0] ?? { role: '', mayCreate: false, mayWrite: null, readOnly: true, clockMs: 0 }
  const server = `PostgreSQL ${version.split(' ')[0]}, ${storage === 'PostgreSQL without TimescaleDB' ? 'no TimescaleDB' : storage}`
  return { server, edition, ...(await migrationState(client)), ...found }
}
