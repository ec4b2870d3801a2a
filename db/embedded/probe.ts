/** What the supervisor asks the running server, each time over a connection of its own. */

import pg from 'pg'
import { ConfigError, WriteError } from '../../market/errors.ts'
import { OWNER } from './cluster.ts'

/** How to reach the server, on 127.0.0.1. */
export interface Address {
  port: number
  password: string
}

export interface Edition {
  /** `18.4` */
  postgresql: string
  /** Whether the server has TimescaleDB loaded, so that the extension can be created. */
  timescaledb: boolean
}

/** A local server that is well answers at once. */
const ANSWER_LIMIT_MS = 5000
const TOO_MANY_CONNECTIONS = '53300'
const NO_SUCH_DATABASE = '3D000'

/** Whether the server serves. @throws ConfigError `embedded-wrong-password` */
export async function answers(address: Address): Promise<boolean> {
  try {
    await withClient(address, OWNER, async () => undefined)
    return true
  } catch (error) {
    if (error instanceof ConfigError) throw error
    return sqlStateOf(error) === TOO_MANY_CONNECTIONS
  }
}

/**
 * Asks what the server is, and makes our database if it is not there yet.
 *
 * @throws ConfigError `embedded-wrong-password`, WriteError `embedded-unreachable` (retryable)
 */
export async function meet(address: Address): Promise<Edition> {
  try {
    return await withClient(address, OWNER, readEdition).catch(async (error: unknown) => {
      if (sqlStateOf(error) !== NO_SUCH_DATABASE) throw error
      await withClient(address, 'postgres', (client) => client.query(`CREATE DATABASE ${OWNER}`))
      return withClient(address, OWNER, readEdition)
    })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new WriteError(`Expected the database to answer on 127.0.0.1:${address.port}: ${(error as Error).message}`, {
      code: 'embedded-unreachable',
      retryable: true,
      cause: error,
    })
  }
}

async function readEdition(client: pg.Client): Promise<Edition> {
  const { rows } = await client.query<{ version: string; libraries: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('shared_preload_libraries') AS libraries`,
  )
  const [row] = rows
  return { postgresql: row?.version.split(' ')[0] ?? '', timescaledb: row?.libraries.includes('timescaledb') ?? false }
}

/** Number of connections other than this one: recorders, replays, a person's psql, a backup. */
export function otherClients(address: Address): Promise<number> {
  return withClient(address, OWNER, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()`,
    )
    return rows[0]?.n ?? 0
  })
}

async function withClient<T>({ port, password }: Address, database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: OWNER,
    password,
    database,
    ssl: false,
    connectionTimeoutMillis: ANSWER_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
    application_name: 'tapedeck supervisor',
  })
  // A connection that breaks also rejects the query under way, which is where it is handled.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    if (!sqlStateOf(error)?.startsWith('28')) throw error
    throw new ConfigError(
      `The server on 127.0.0.1:${port} refuses our password: ${(error as Error).message}. ` +
        `Expected the private database of this data directory; stop the other server, or set the password of role ${OWNER} back to the kept one.`,
      { code: 'embedded-wrong-password', cause: error },
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}
