/** A collector in the test's own process, from `collect` down to the database, watched from outside like a process would be. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { pino } from 'pino'
import { onTestFinished, vi } from 'vitest'

import { type CollectProgress, type CollectSummary, collect } from '../../../collector/collect.ts'
import type { CollectSettings } from '../../../collector/settings.ts'
import { listSegments } from '../../../collector/journal/directory.ts'
import { unaccounted } from '../../../collector/telemetry/counts.ts'
import type { UnderlyingSettings } from '../../../collector/universe/universe.ts'
import { openDatabase } from '../../../db/open.ts'
import { connectClient } from '../../../db/pool.ts'
import { RULES } from '../../../market/rules/index.ts'
import { defaultSettings } from '../../../market/rules/settings.ts'
import type { RecordListener } from '../../../market/record-source.ts'
import { temporaryDirectory } from './recording.ts'

/** How long a condition may take to come true; a test that waits longer has failed. */
export const PATIENCE = { timeout: 60_000, interval: 20 }

export interface CollectingOptions {
  /** Of the gateway. */
  port: number
  databaseUrl: string
  /** A new one, removed when the test is over, when absent. */
  dataDir?: string
  gateway?: Partial<CollectSettings['gateway']>
  journal?: Partial<CollectSettings['journal']>
  underlyings?: UnderlyingSettings[]
  /** Default: contracts beyond the lines are never watched. */
  linePlan?: CollectSettings['linePlan']
  /** Default: gaps are not filled. */
  repair?: CollectSettings['repair']
  /** Default: all, as they come. */
  rules?: CollectSettings['rules']
  lanes?: number
  /** Default: no detectors. */
  detect?: CollectSettings['detect']
  metrics?: { host: string; port: number; maxLagMs?: number }
  untilEndOfTape?: boolean
  drainTimeoutMs?: number
  checkRowsMs?: number
  onRecord?: RecordListener
}

export interface LogLine {
  level: number
  msg: string
  [detail: string]: unknown
}

/** A whole chain of TWX. */
export const TWX_CHAIN: UnderlyingSettings = { symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000 }

export class Collecting {
  readonly dataDir: string
  readonly logged: LogLine[] = []
  /** Rejects when the collector cannot begin or ends with an error. */
  readonly summary: Promise<CollectSummary>
  /** Has it take over changed settings, as a signal to read the configuration again does. */
  reload: (change: (settings: CollectSettings) => CollectSettings) => void = () => {
    throw new Error('The collector has not begun yet.')
  }
  readonly #stop = new AbortController()
  readonly #force = new AbortController()
  #progress: CollectProgress | undefined
  /** Ticks that were not accounted for at each progress report. */
  readonly #unaccounted: number[] = []

  constructor(options: CollectingOptions & { dataDir: string }) {
    this.dataDir = options.dataDir
    this.summary = this.#run(options)
    this.summary.catch(() => undefined)
  }

  get progress(): CollectProgress {
    if (!this.#progress) throw new Error('No progress was reported yet: wait with `until` first.')
    return this.#progress
  }

  get journal(): string {
    return join(this.dataDir, 'journal')
  }

  /** Waits until the condition holds; fails at once when the collector ends before. */
  async until(what: string, condition: (progress: CollectProgress) => boolean): Promise<CollectProgress> {
    let ended = false
    const mark = () => {
      ended = true
    }
    this.summary.then(mark, mark)
    await vi.waitFor(() => {
      if (ended) return
      if (!this.#progress || !condition(this.#progress)) throw new Error(`still waiting: ${what}; counts ${JSON.stringify(this.#progress)}`)
    }, PATIENCE)
    if (ended && !condition(this.progress)) {
      await this.summary
      throw new Error(`The collector ended before this: ${what}.`)
    }
    return this.progress
  }

  /** Waits for a line in the log that has these words in its message or its details. */
  async said(words: string): Promise<LogLine> {
    return vi.waitFor(() => {
      const line = this.logged.find((line) => JSON.stringify(line).includes(words))
      if (!line) throw new Error(`nothing was logged with "${words}"; the log: ${this.logged.map(({ msg }) => msg).join(' | ')}`)
      return line
    }, PATIENCE)
  }

  /** Asks it to stop, as the first signal does, and waits until it has. */
  stop(cause = 'test'): Promise<CollectSummary> {
    this.#stop.abort(cause)
    return this.#finished()
  }

  /** Stops as the second signal does: without waiting for the database. */
  force(cause = 'test'): Promise<CollectSummary> {
    this.#stop.abort(cause)
    this.#force.abort()
    return this.#finished()
  }

  /** The end that it comes to by itself. */
  end(): Promise<CollectSummary> {
    return this.#finished()
  }

  /** Numbers of the session's segments that are not in the database whole. */
  async unreleased(): Promise<number[]> {
    return (await listSegments(this.journal)).map(({ segment }) => segment)
  }

  async #finished(): Promise<CollectSummary> {
    const summary = await this.summary
    const missing = [...this.#unaccounted, unaccounted(summary.counts)].filter((ticks) => ticks !== 0)
    if (missing.length > 0) throw new Error(`Ticks were not accounted for at some moment: ${missing.join(', ')}.`)
    return summary
  }

  async #run(options: CollectingOptions): Promise<CollectSummary> {
    const { dataDir } = this
    const logger = pino(
      { level: 'debug', base: null },
      {
        write: (line: string) => {
          this.logged.push(JSON.parse(line) as LogLine)
        },
      },
    )
    const lanes = options.lanes ?? 2
    const store = openDatabase({ config: { dataDir, database: { url: options.databaseUrl, lanes } }, logger })
    const settings: CollectSettings = {
      dataDir,
      gateway: {
        host: '127.0.0.1',
        port: options.port,
        clientId: 87,
        handshakeTimeoutMs: 5000,
        // Answers to heartbeats would stand between the ticks.
        heartbeatMs: 3_600_000,
        messagesPerSecond: 1000,
        clock: 'gateway',
        lines: 100,
        marketDataType: 1,
        genericTicks: [],
        ...options.gateway,
        // Tests take connections down more often than gateways do.
        retryDelays: { attemptsPerMinute: 1000, factor: 2, ...options.gateway?.retryDelays },
      },
      underlyings: options.underlyings ?? [TWX_CHAIN],
      linePlan: options.linePlan,
      repair: options.repair,
      rules: options.rules ?? { rules: RULES, settings: defaultSettings(RULES) },
      carry: { rate: 0.04 },
      detect: options.detect,
      journal: {
        batchRows: 500,
        batchMs: 50,
        fsyncMs: 20,
        segmentBytes: 1 << 26,
        keepDays: 7,
        limitBytes: 2 ** 34,
        memoryBytes: 2 ** 28,
        minFreeBytes: 0,
        ...options.journal,
      },
      lanes,
      metrics: options.metrics && { maxLagMs: 60_000, ...options.metrics },
    }
    try {
      return await collect({
        settings,
        version: '0.0.0-test',
        logger,
        prepareDatabase: store.prepare,
        databaseServer: store.server,
        databaseUrl: store.url,
        store: store.storeBatch,
        refreshTouched: store.refreshTouched,
        sessions: store.sessions,
        carry: store.carry,
        activity: store.activity,
        derived: store.derived,
        missingRows: store.missingRows,
        storageJobs: store.storageJobs,
        ...(options.onRecord && { onRecord: options.onRecord }),
        ...(options.checkRowsMs !== undefined && { checkRowsMs: options.checkRowsMs }),
        untilEndOfTape: options.untilEndOfTape ?? false,
        stop: this.#stop.signal,
        force: this.#force.signal,
        drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
        onReloadable: (reload) => {
          this.reload = (change) => reload(change(settings))
        },
        onProgress: (progress) => {
          this.#progress = progress
          this.#unaccounted.push(unaccounted(progress.counts))
        },
      })
    } finally {
      await store.close()
    }
  }
}

/** Starts a collector that is stopped, and whose folder is removed, when the test is over. */
export async function startCollecting(options: CollectingOptions): Promise<Collecting> {
  const dataDir = options.dataDir ?? (await temporaryDirectory())
  const collecting = new Collecting({ ...options, dataDir })
  onTestFinished(async () => {
    await collecting.force('the test is over').catch(() => undefined)
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  })
  return collecting
}

/** A folder that is removed when the test is over. */
export async function folderForTest(): Promise<string> {
  const folder = await temporaryDirectory()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Asks a database one question. */
export async function ask<T extends object>(databaseUrl: string, sql: string): Promise<T[]> {
  const client = await connectClient(databaseUrl)
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}
