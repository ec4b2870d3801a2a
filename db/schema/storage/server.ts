/** What a server is to the storage: its edition, and the tables that could become hypertables. */

import { NOT_LOADED } from './versions.ts'
import type { Edition, PlainTable, Queryable, ServerFacts } from './objects.ts'

export interface StorageServer extends ServerFacts {
  /** `TimescaleDB 2.28.3 Community`, or why there is none. */
  server: string
  /** The extension can be created and is not. */
  offersTimescale: boolean
  /** `15.20`. */
  postgres: string
}

interface Found {
  postgres: string
  version: string | null
  schema: string
  license: string
  available: boolean
  loaded: boolean
}

/** @param tables those that are wished to be hypertables */
export async function readServer(client: Queryable, tables: readonly string[]): Promise<StorageServer> {
  const { rows } = await client.query<Found>(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS postgres, e.extversion AS version, e.extnamespace::regnamespace::text AS schema, current_setting('timescaledb.license', true) AS license,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AS available,
       EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%') AS loaded
     FROM (SELECT 1) AS one LEFT JOIN pg_extension e ON e.extname = 'timescaledb'`,
  )
  const postgres = rows[0]?.postgres ?? ''
  const plainTables = await readTables(client, tables)
  const hasTicks = await hasRows(client, [...plainTables.keys()])
  const plain = { edition: 'plain' as const, timescale: undefined, schema: 'public', offersTimescale: false, postgres, hasTicks }
  const { version = null, ...found } = rows[0] ?? { available: false, loaded: false, license: '', schema: 'public' }
  const said = editionOf({ version, ...found })
  if (version === null || !found.loaded) return { ...plain, plainTables, ...said }
  for (const table of await readHypertables(client)) plainTables.delete(table)
  return { ...said, timescale: version, schema: found.schema, postgres, hasTicks, plainTables }
}

/** What is known of the extension, in words. Pure. */
export function editionOf({
  version,
  license,
  available,
  loaded,
}: Pick<Found, 'version' | 'license' | 'available' | 'loaded'>): Pick<StorageServer, 'edition' | 'server' | 'offersTimescale'> {
  const plain = { edition: 'plain', offersTimescale: false } as const
  if (version === null && !available) return { ...plain, server: 'PostgreSQL without TimescaleDB' }
  // One that is created and not loaded lets nobody near its tables.
  if (!loaded) return { ...plain, server: `TimescaleDB${version === null ? '' : ` ${version}`}, but ${NOT_LOADED}` }
  if (version === null) return { ...plain, server: 'TimescaleDB, not used yet', offersTimescale: true }
  const edition: Edition = license === 'timescale' ? 'community' : 'apache'
  return { edition, server: `TimescaleDB ${version} ${edition === 'community' ? 'Community' : 'Apache'}`, offersTimescale: false }
}

async function readTables(client: Queryable, tables: readonly string[]): Promise<Map<string, PlainTable>> {
  const { rows } = await client.query<{ name: string; rows: number; bytes: number }>(
    `SELECT relname AS name, reltuples AS rows, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY ($1)`,
    [tables],
  )
  return new Map(rows.map(({ name, rows, bytes }) => [name, { rows, bytes }]))
}

async function readHypertables(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT hypertable_name AS name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'",
  )
  return rows.map(({ name }) => name)
}

/** Where the role may not look, there may be some. */
async function hasRows(client: Queryable, tables: readonly string[]): Promise<boolean> {
  if (tables.length === 0) return false
  const { rows } = await client.query<{ mayLook: boolean }>(
    "SELECT bool_and(has_table_privilege('public.' || t, 'SELECT')) AS \"mayLook\" FROM unnest($1::text[]) t",
    [tables],
  )
  if (!rows[0]?.mayLook) return true
  const { rows: found } = await client.query<{ found: boolean }>(
    `SELECT ${tables.map((table) => `EXISTS (SELECT FROM public.${table})`).join(' OR ')} AS found`,
  )
  return found[0]?.found === true
}
