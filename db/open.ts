/**
 * Opens the database that the configuration names, or the embedded one when it names none. Nothing is touched before `prepare`, so
 * that a recording can begin while the database is still away.
 */

import type { Logger } from 'pino'

import { type EmbeddedServer, startEmbedded } from './embedded/server.ts'
import { migrate } from './migrate.ts'
import { connectClient, createPool, type DatabasePool } from './pool.ts'
import { reconcileStorage } from './storage.ts'
import { createTickStore, type TickStore } from './tick-store.ts'

export interface DatabaseSettings {
  dataDir: string
  database: { url?: string | undefined; lanes: number }
}

export interface OpenedDatabase {
  /** Reaches the server and brings the schema to this version. May be called again after a failure. */
  prepare: () => Promise<void>
  /** Does the same or, dry, only says what would be done: one line each. */
  migrate: (dryRun: boolean) => Promise<string[]>
  /** The address, once prepared. */
  url: () => string
  storeBatch: TickStore['store']
  close: () => Promise<void>
}

export function openDatabase({ config, logger }: { config: DatabaseSettings; logger: Logger }): OpenedDatabase {
  const { dataDir, database } = config
  let embedded: EmbeddedServer | undefined
  let pool: DatabasePool | undefined
  let store: TickStore | undefined

  const url = () => database.url ?? embedded?.url ?? ''
  const reach = async () => {
    if (database.url === undefined) {
      if (embedded) await embedded.ensureRunning()
      else embedded = await startEmbedded({ dataDir, logger })
    }
    return url()
  }

  const bringUp = async (dryRun: boolean) => {
    const client = await connectClient(await reach())
    try {
      const applied = await migrate(client, { dryRun })
      return [...applied, ...(await reconcileStorage(client, { dryRun }))]
    } finally {
      await client.end()
    }
  }

  return {
    url,
    migrate: bringUp,
    async prepare() {
      await bringUp(false)
      pool ??= createPool({
        url,
        lanes: database.lanes,
        ensureRunning: embedded && (() => embedded?.ensureRunning() ?? Promise.resolve()),
        logger,
      })
      store ??= createTickStore({ pool })
    },
    storeBatch: (batch, contractOf) => {
      if (!store) throw new Error('The database was used before it was prepared.')
      return store.store(batch, contractOf)
    },
    async close() {
      await pool?.end()
      await embedded?.close()
    },
  }
}
