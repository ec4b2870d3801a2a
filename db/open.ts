/**
 * Opens the database that the configuration names, or the embedded one when it names none. Nothing is touched before `prepare`, so
 * that a recording can begin while the database is still away.
 */

import type pg from 'pg'
import type { Logger } from 'pino'

import { WriteError } from '../market/errors.ts'
import { describeServer, type ServerDescription } from './describe-server.ts'
import { type EmbeddedServer, startEmbedded } from './embedded/server.ts'
import { type MigrateDownOptions, migrate, migrateDown } from './schema/migrate.ts'
import { refreshTouched } from './operate/refresh-aggregates.ts'
import type { TouchedTime } from './operate/refresh-windows.ts'
import { databaseName } from './connection-config.ts'
import { connectClient, createPool, type DatabasePool } from './pool.ts'
import { type BatchesBelow, batchesBelow, knownSessions } from './read/queries/committed-batches.ts'
import { type KnownDividends, knownDividends } from './read/queries/known-dividends.ts'
import { type KnownOption, knownOptions } from './read/queries/known-options.ts'
import { type KnownRates, knownRates } from './read/queries/known-rates.ts'
import { type MissingRows, missingRows } from './read/queries/missing-rows.ts'
import { type StorageJob, storageJobs } from './read/queries/storage-jobs.ts'
import { recentSince } from './read/queries/recent-batches.ts'
import { type TickBytes, tickBytes } from './read/queries/tick-bytes.ts'
import { type CollectorIdentity, type UnendedSession, unendedSessions } from './read/queries/unended-sessions.ts'
import { hasSqlState, INSUFFICIENT_PRIVILEGE, messageOf, writeErrorOf } from './sqlstates.ts'
import { complaintAbout, splitAddress } from '../system/password-source.ts'
import { type ApplyOptions, applyStorage, giveUpMove } from './schema/storage/apply.ts'
import { planStorage, reconcileStorage, type StoragePlan } from './schema/storage/reconcile.ts'
import { DEFAULT_STORAGE, requiredEdition, type StorageSettings } from './schema/storage/settings.ts'
import { linesOfConcern } from './schema/storage/versions.ts'
import { wishedStorage } from './schema/storage/wished.ts'
import { endSession } from './write/end-session.ts'
import { type FoundParity, storeParity } from './write/implied-carry.ts'
import { type FoundOpportunity, storeOpportunities } from './write/opportunities.ts'
import { fillTradingSessions } from './schema/trading-sessions.ts'
import { createTickStore, type TickStore } from './write/tick-store.ts'

/** A check of so many rows takes less than a second. */
const CHECKED_TICKS = 2_000_000

export interface DatabaseSettings {
  dataDir: string
  database: { url?: string | undefined; lanes: number }
  /** Absent: as the settings are when nothing is said. */
  storage?: StorageSettings | undefined
}

export interface OpenedDatabase {
  /** Reaches the server and brings the schema to this version. May be called again after a failure. */
  prepare: () => Promise<void>
  /** Does the same or, dry, only says what would be done: one line each. */
  migrate: (dryRun: boolean) => Promise<string[]>
  /** Goes back to an earlier schema or, dry, only says what would be done: one line each. */
  migrateDown: (options: MigrateDownOptions) => Promise<string[]>
  /** What is missing in the storage; the schema must be of this version. */
  planStorage: () => Promise<StoragePlan & { bytes: TickBytes[] }>
  /** Gives up a table that is on its way to become a hypertable. Returns its name. */
  giveUpMove: () => Promise<string | undefined>
  /** Brings the storage there, whatever it takes. Returns a line for each step. */
  applyStorage: (options: ApplyOptions) => Promise<string[]>
  /** What it is, in words, once prepared. */
  server: () => string | undefined
  /** The address, once prepared. */
  url: () => string
  storeBatch: TickStore['store']
  /**
   * Computes anew what stands on ticks of these times, once prepared. Returns in how many pieces: 0 where bars are views.
   *
   * @param signal aborted: not waited for any more
   */
  refreshTouched: (times: readonly TouchedTime[], signal: AbortSignal) => Promise<number>
  /** What it knows of sessions of earlier runs, once prepared. */
  sessions: {
    unended: (identity: CollectorIdentity) => Promise<UnendedSession[]>
    known: (sessionIds: readonly number[]) => Promise<number[]>
    batchesBelow: (sessionId: number, batchNo: number) => Promise<BatchesBelow>
    end: (sessionId: number, tsUs: number) => Promise<void>
  }
  /** What it knows of rates and dividends, once prepared. */
  carry: {
    rates: (which: { currencies: readonly string[]; today: string }) => Promise<KnownRates[]>
    dividends: (which: { keys: readonly string[]; today: string }) => Promise<KnownDividends[]>
  }
  /** What it knows of the open interest and volume of options up to a day, once prepared. */
  activity: (which: { symbols: readonly string[]; today: string }) => Promise<KnownOption[]>
  /** What detectors found, once prepared: all of it is stored, or nothing. May be repeated. */
  derived: {
    opportunities: (found: readonly FoundOpportunity[]) => Promise<void>
    parity: (found: readonly FoundParity[]) => Promise<void>
  }
  /** Sessions whose newest rows were committed and are gone, once prepared. */
  missingRows: () => Promise<MissingRows[]>
  /** How its background jobs are doing, once prepared. */
  storageJobs: () => Promise<StorageJob[]>
  close: () => Promise<void>
}

export function openDatabase({ config, logger }: { config: DatabaseSettings; logger: Logger }): OpenedDatabase {
  const { dataDir, database, storage = DEFAULT_STORAGE } = config
  let embedded: EmbeddedServer | undefined
  let pool: DatabasePool | undefined
  let store: TickStore | undefined
  let known: ServerDescription | undefined

  const url = () => database.url ?? embedded?.url ?? ''
  const reach = async () => {
    if (database.url !== undefined) return database.url
    if (embedded) await embedded.ensureRunning()
    else embedded = await startEmbedded({ dataDir, logger })
    return url()
  }

  const onOneConnection = async <T>(work: (client: pg.Client) => Promise<T>) => {
    const client = await connectClient(await reach())
    try {
      return await work(client)
    } catch (error) {
      throw writeErrorOf(error, `${databaseName(url())} cannot be made ready`)
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  const wishes = { wished: wishedStorage(storage), edition: requiredEdition(storage) }

  const bringUp = (dryRun: boolean, isThorough: boolean) =>
    onOneConnection(async (client) => {
      const applied = await migrate(client, { dryRun })
      if (!dryRun) await fillTradingSessions(client, { isThorough })
      const stored = await reconcileStorage(client, { dryRun, ...wishes })
      known = await describeServer(client)
      return [...applied, ...stored]
    })

  const asked = async <T>(question: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    if (!pool) throw new Error('The database was asked before it was prepared.')
    return pool.withClient(question)
  }

  return {
    url,
    server: () => known?.server,
    migrate: (dryRun) => bringUp(dryRun, true),
    planStorage: () => onOneConnection(async (client) => ({ ...(await planStorage(client, wishes)), bytes: await tickBytes(client) })),
    applyStorage: (options) =>
      onOneConnection(async (client) => {
        await migrate(client)
        return applyStorage(client, { ...options, ...wishes })
      }),
    giveUpMove: () => onOneConnection(giveUpMove),
    migrateDown: (options) => onOneConnection((client) => migrateDown(client, options)),
    async prepare() {
      const complaint = known === undefined && (await complaintAbout(splitAddress(url()).source))
      if (complaint) logger.warn({ reason: complaint }, 'others may read the password of the database')
      const lines = await bringUp(false, false)
      for (const line of linesOfConcern(lines)) logger.warn(line)
      const left = lines.filter((line) => line.startsWith('left to')).length
      if (left > 0) logger.warn({ changes: left }, 'changes of the storage are left to `tapedeck db apply`; `tapedeck db plan` shows them')
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
    refreshTouched: async (times, signal) => (known?.edition === 'community' ? refreshAll(url(), times, signal) : 0),
    ...questionsTo(asked),
    async close() {
      await pool?.end()
      await embedded?.close()
    },
  }
}

/** On a connection of its own, as it may take minutes. */
async function refreshAll(url: string, times: readonly TouchedTime[], signal: AbortSignal): Promise<number> {
  const client = await connectClient(url)
  const cut = () => void client.end().catch(() => undefined)
  signal.addEventListener('abort', cut)
  let pieces = 0
  try {
    for (const touched of times) {
      signal.throwIfAborted()
      pieces += await refreshTouched(client, touched)
    }
    return pieces
  } catch (error) {
    if (hasSqlState(error, INSUFFICIENT_PRIVILEGE))
      throw new WriteError(`The role may not compute bars, as it does not own them: ${messageOf(error)}`, {
        code: 'bars-not-owned',
        cause: error,
      })
    throw writeErrorOf(error, 'did not compute bars')
  } finally {
    signal.removeEventListener('abort', cut)
    await client.end().catch(() => undefined)
  }
}

/** Asks one question on a connection of its own. */
type Ask = <T>(question: (client: pg.ClientBase) => Promise<T>) => Promise<T>

function questionsTo(asked: Ask): Pick<OpenedDatabase, 'sessions' | 'carry' | 'activity' | 'derived' | 'missingRows' | 'storageJobs'> {
  return {
    sessions: {
      unended: (identity) => asked((client) => unendedSessions(client, identity)),
      known: (sessionIds) => asked((client) => knownSessions(client, sessionIds)),
      batchesBelow: (sessionId, batchNo) => asked((client) => batchesBelow(client, sessionId, batchNo)),
      end: (sessionId, tsUs) => asked((client) => endSession(client, sessionId, tsUs)),
    },
    carry: {
      rates: (which) => asked((client) => knownRates(client, which)),
      dividends: (which) => asked((client) => knownDividends(client, which)),
    },
    activity: (which) => asked((client) => knownOptions(client, which, true)),
    derived: {
      opportunities: (found) => asked((client) => storeOpportunities(client, found)),
      parity: (found) => asked((client) => storeParity(client, found)),
    },
    missingRows: () =>
      asked(async (client) => {
        const sinceTs = await recentSince(client, CHECKED_TICKS)
        return sinceTs === undefined ? [] : missingRows(client, { sinceTs })
      }),
    storageJobs: () => asked(storageJobs),
  }
}
