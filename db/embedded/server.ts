/**
 * The private database of a data directory, for those who have no server of their own. Several processes may use one:
 *
 *   absent -> made (initdb) -> started -> serving -> stopped
 *
 * The first process makes and starts it, the next ones adopt it, the last one out stops it, whoever started it. Killing us leaves
 * it serving, for the next to adopt. When it is killed, `ensureRunning` brings it back; PostgreSQL recovers what was committed.
 * Making, starting and stopping happen under one lock between processes.
 */

import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { WriteError } from '../../market/errors.ts'
import { acquireDirectoryLock } from '../../system/directory-lock.ts'
import { type Binaries, chooseBinaries, findBinaries } from './binaries.ts'
import {
  type ClusterPaths,
  clusterNeeds,
  clusterPaths,
  createCluster,
  makeDataDir,
  OWNER,
  readPassword,
  sweepLeftovers,
} from './cluster.ts'
import { launch } from './launch.ts'
import { makeRunnable } from './package-files.ts'
import { choosePort, keepPort } from './port.ts'
import { findPostmaster, isRunning, START_LIMIT_MS, settled, stopPostmaster } from './postmaster.ts'
import { answers, type Edition, meet, otherClients } from './probe.ts'
import { assertEnterable, serverUser } from './system-user.ts'

/** How long a server that was killed may keep its successor from starting, and how long one that recovers may be silent. */
const RETRY_LIMIT_MS = 30_000
const FIRST_PAUSE_MS = 50
/** A connection just closed is still listed until its backend has ended. */
const FAREWELL_MS = 1000

export interface EmbeddedServer {
  /** For `pg`. May change in `ensureRunning`, when the port was taken while the server was down. */
  readonly url: string
  readonly edition: Edition
  /** Whether the server was running before we came. */
  readonly adopted: boolean
  /**
   * Brings the server back if it was killed; to be called before reconnecting. Costs one connection when it serves.
   *
   * @throws WriteError, with the end of the log; retryable when more patience may help
   */
  ensureRunning(): Promise<void>
  /** Stops the server unless another client is connected. Close your own connections first. */
  close(): Promise<void>
}

export interface EmbeddedOptions {
  /** Made where it is missing. */
  dataDir: string
  logger: Pick<Logger, 'info' | 'warn'>
  /** The programs to choose from. */
  find?: (dataDir: string) => Promise<Binaries[]>
  /** Proposes a port, given the file that keeps the last one. */
  pickPort?: (file: string) => Promise<number>
}

/**
 * Makes the private database of `dataDir` if needed, starts it or adopts the running one.
 *
 * @throws ConfigError when something about this machine or the directory must be changed first, WriteError when the server fails
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { logger } = options
  const paths = clusterPaths(await makeDataDir(options.dataDir))
  let closed = false
  let running = await locked(paths, 'starting the database', () => bringUp(paths, options))
  let bringingBack: Promise<void> | undefined
  const { adopted } = running

  const bringBack = async () => {
    if (await answers(running)) return
    await locked(paths, 'restarting the database', async () => {
      if (closed) throw closedError()
      running = await bringUp(paths, options)
    })
  }

  return {
    adopted,
    get edition() {
      return running.edition
    },
    get url() {
      return `postgresql://${OWNER}:${running.password}@127.0.0.1:${running.port}/${OWNER}`
    },
    async ensureRunning() {
      if (closed) throw closedError()
      bringingBack ??= bringBack().finally(() => {
        bringingBack = undefined
      })
      await bringingBack
    },
    async close() {
      if (closed) return
      closed = true
      await locked(paths, 'stopping the database', () => stopUnlessUsed(paths, running.password, logger))
    },
  }
}

interface Running {
  port: number
  password: string
  edition: Edition
  adopted: boolean
}

async function locked<T>(paths: ClusterPaths, purpose: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquireDirectoryLock(paths.lock, { purpose, waitMs: START_LIMIT_MS + RETRY_LIMIT_MS })
  try {
    return await work()
  } finally {
    await lock.release()
  }
}

/** Adopts or starts, again and again while that may help. */
async function bringUp(paths: ClusterPaths, options: EmbeddedOptions): Promise<Running> {
  const { dataDir, log } = paths
  const { logger } = options
  const onWait = () => logger.info({ log }, 'the embedded database is starting, recovering or stopping')
  const deadline = performance.now() + RETRY_LIMIT_MS
  let started = false
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, 2000)) {
    try {
      const found = await findPostmaster(paths.data)
      let port = found && (await settled(paths.data, found, onWait))?.port
      if (port === undefined) {
        port = await start(paths, options, onWait)
        started = true
      }
      const password = await readPassword(paths)
      const edition = await meet({ port, password })
      if (edition.timescaledb) await writeFile(paths.needsTimescaledb, '')
      logger.info({ port, dataDir, ...edition }, started ? 'embedded database started' : 'embedded database adopted')
      return { port, password, edition, adopted: !started }
    } catch (error) {
      if (!(error instanceof WriteError) || !error.retryable || performance.now() > deadline) throw error
      if (pauseMs === FIRST_PAUSE_MS) logger.warn({ code: error.code, log }, 'the embedded database does not start yet, trying again')
    }
    await delay(pauseMs)
  }
}

/** @returns the port */
async function start(
  paths: ClusterPaths,
  { find = findBinaries, pickPort = choosePort }: EmbeddedOptions,
  onWait: () => void,
): Promise<number> {
  const { dataDir } = paths
  const user = await serverUser(paths.data)
  if (user !== undefined) await assertEnterable(dataDir, user)
  await sweepLeftovers(dataDir)
  const needs = await clusterNeeds(paths)
  const binaries = await makeRunnable(chooseBinaries(await find(dataDir), needs, dataDir), dataDir, user)
  if (needs === undefined) await createCluster(paths, binaries, user)
  const port = await pickPort(paths.port)
  await launch({ paths, binaries, user, port, onWait })
  await keepPort(paths.port, port)
  return port
}

async function stopUnlessUsed(paths: ClusterPaths, password: string, logger: EmbeddedOptions['logger']): Promise<void> {
  const postmaster = await findPostmaster(paths.data)
  if (postmaster === undefined) return
  const users = postmaster.port === undefined ? 0 : await lastingClients({ port: postmaster.port, password }, () => isRunning(postmaster))
  if (users > 0) {
    logger.info({ users }, 'the embedded database goes on: others are connected')
    return
  }
  await stopPostmaster(postmaster)
  logger.info({ dataDir: paths.dataDir }, 'embedded database stopped')
}

/**
 * Counts the clients that stay connected; those about to disconnect get time to do so. Waits for a server that is recovering; one that
 * does not answer counts as having no clients.
 */
async function lastingClients(address: { port: number; password: string }, isRunning: () => boolean): Promise<number> {
  const beganMs = performance.now()
  /** Since when it has answered without a break: a server that has just recovered may have cut us off in the midst of the question. */
  let answersMs: number | undefined
  for (;;) {
    const users = await otherClients(address).catch(async () => ((await answers(address)) ? 1 : undefined))
    if (users === 0 || !isRunning()) return users ?? 0
    const nowMs = performance.now()
    answersMs = users === undefined ? undefined : (answersMs ?? nowMs)
    if (answersMs === undefined ? nowMs - beganMs > RETRY_LIMIT_MS : nowMs - answersMs > FAREWELL_MS) return users ?? 0
    await delay(20)
  }
}

function closedError(): WriteError {
  return new WriteError('The embedded database was closed by us and is not started again. Start it anew.', { code: 'embedded-closed' })
}
