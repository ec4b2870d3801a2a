/**
 * Connections to the database, all with the same settings.
 *
 * A pool is well until a connection breaks or cannot be made; then `ensureRunning` (the embedded server's supervisor) is asked
 * before the next new connection, until one is made. Connections are not repaired: after any error they are closed for good.
 */

import pg from 'pg'
import type { Logger } from 'pino'

import { AddressClient, clientConfig, databaseName } from './connection-config.ts'
import { messageOf, writeErrorOf } from './sqlstates.ts'

/** Connections beside the writer's lanes, for short questions (status, migrations). */
const SPARE_CONNECTIONS = 2

/**
 * For what is asked outside of transactions: those set what matters to them themselves (db/transaction.ts), for behind a pooler the next
 * statement may run on another backend. A backend whose client is gone lets go of its locks within a minute or so.
 */
const SESSION_SETTINGS = [
  "SET search_path = public; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET synchronous_commit = on",
  'SET statement_timeout = 0; SET lock_timeout = 0; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3',
].join('; ')
const IDLE_IN_TRANSACTION_LIMIT = "SET idle_in_transaction_session_timeout = '60s'"

export interface PoolOptions {
  /** Address of the database. A function when it can change, as the embedded server's can. */
  url: string | (() => string)
  /** Connections that the writer uses at the same time. */
  lanes: number
  /** Brings the server back; asked before connecting after a failure. */
  ensureRunning?: (() => Promise<void>) | undefined
  logger: Pick<Logger, 'warn'>
}

export interface DatabasePool {
  /**
   * Lends a connection for as long as `use` runs. When it throws, the connection is closed, whatever state it was in.
   *
   * @throws WriteError when no connection can be made; else what `use` throws
   */
  withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>
  /** Closes all connections. What still runs on one fails. */
  end(): Promise<void>
}

/** @throws ConfigError when `url` is no database address */
export function createPool(options: PoolOptions): DatabasePool {
  const { lanes, ensureRunning, logger } = options
  const url = () => (typeof options.url === 'string' ? options.url : options.url())
  const sizes = { max: lanes + SPARE_CONNECTIONS, idleTimeoutMillis: 60_000 }
  // An idle connection is closed with a farewell that a server which hangs never answers: it must not keep the process from ending.
  const pool = new pg.Pool({ ...clientConfig(url()), ...sizes, Client: AddressClient, allowExitOnIdle: true })
  const prepared = new WeakSet<pg.PoolClient>()
  const lent = new Set<pg.PoolClient>()
  let failed = false
  const onBroken = (error: Error) => {
    failed = true
    logger.warn({ reason: messageOf(error) }, 'a database connection broke')
  }
  // The pool listens only while a connection is idle, and an error event without a listener ends the process.
  pool.on('connect', (client) => void client.on('error', onBroken))
  pool.on('error', () => undefined)

  const connect = async () => {
    try {
      if (failed) await ensureRunning?.()
      pool.options.connectionString = url()
      const client = await pool.connect()
      failed = false
      return client
    } catch (error) {
      failed = true
      throw writeErrorOf(error, `${databaseName(url())} gave no connection`)
    }
  }

  return {
    async withClient(use) {
      const client = await connect()
      lent.add(client)
      try {
        if (!prepared.has(client)) {
          await client.query(`${SESSION_SETTINGS}; ${IDLE_IN_TRANSACTION_LIMIT}`)
          prepared.add(client)
        }
        const result = await use(client)
        client.release()
        return result
      } catch (error) {
        client.release(true)
        throw error
      } finally {
        lent.delete(client)
      }
    },
    async end() {
      const ended = pool.end()
      // A server that never answers must not hold the exit up.
      for (const client of lent) if (client instanceof pg.Client) void client.end().catch(() => undefined)
      await ended
    },
  }
}

/**
 * A connection outside any pool, for what takes long. Close it with `end()`; an error on it rejects the pending query.
 *
 * @throws ConfigError when `url` is no database address, WriteError when the server cannot be reached
 */
export async function connectClient(url: string): Promise<pg.Client> {
  const client = new AddressClient(clientConfig(url))
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(SESSION_SETTINGS)
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw writeErrorOf(error, `${databaseName(url)} gave no connection`)
  }
}
