/**
 * What the collector shows of itself while it runs: the HTTP pages and progress reports. It samples the counts a few times a second, and
 * reads everything else from the parts when it is asked, so that all pages say the same at the same moment.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import { isDiskFull } from '../../system/durable-files.ts'
import type { Connection } from '../connection.ts'
import type { GapLedger } from '../gaps/ledger.ts'
import type { Coverage } from '../gaps/coverage.ts'
import { type OpenGap, openGaps } from '../gaps/missing.ts'
import type { Feed } from '../ib/link/feed.ts'
import { NO_DATA } from '../ib/link/first-data.ts'
import type { JournalBound } from '../journal/bound.ts'
import type { LineBudget } from '../lines/budget.ts'
import type { LineDivision } from '../lines/division.ts'
import type { LineSupply } from '../lines/line-supply.ts'
import type { CollectorClock } from '../record/clock.ts'
import type { Recorder } from '../record/recorder.ts'
import type { StockSizeWatch } from '../record/stock-sizes.ts'
import type { Discovery } from '../universe/discovery.ts'
import type { Writer } from '../write/writer.ts'
import { announceAddress } from './address.ts'
import type { CommitLag } from './commit-lag.ts'
import { asOne, type ShownConnections } from './connections.ts'
import type { Counts } from './counts.ts'
import { DataFlow, dataIsExpected } from './data-flow.ts'
import type { Events } from './events/index.ts'
import { serveTelemetry, type TelemetryServer } from './http.ts'
import { watchConnections, watchLineBudget } from './line-metrics.ts'
import { linesPage } from './lines-page.ts'
import type { Metrics } from './metrics.ts'
import type { CollectProgress } from './progress.ts'
import { DiskSpace } from './disk-space.ts'
import { DATABASE_SILENT_MS, notReadyReasons } from './readiness.ts'
import { RowCheck, type RowCheckOptions } from './row-check.ts'
import { type ShownGateway, seenOf, shownGateway } from './gateways.ts'
import { createStatusPage, type StatusPage } from './status.ts'
import { StorageWatch, type StorageWatchOptions } from './storage-watch.ts'

export interface TelemetryParts {
  counts: Counts
  events: Events
  clock: CollectorClock
  recorder: Recorder
  ledger: GapLedger
  state: MarketState
  writer: Writer
  bound: JournalBound
  lag: CommitLag
  metrics: Metrics
  /** More than one are shown as one, and each by itself too. */
  connections: readonly Connection[]
  division: Pick<LineDivision, 'gone'> | undefined
  feed: Feed
  coverage: Coverage
  supply: LineSupply
  budget: LineBudget
  discovery: Discovery
  stockSizes: StockSizeWatch
  detect: { page: () => object }
}

interface PagesSettings {
  host: string
  /** 0: any free one. */
  port: number
  /** Behind by more than this, the database makes the collector not ready. */
  maxLagMs: number
}

export interface TelemetryOptions {
  version: string
  dataDir: string
  gateway: { host: string; port: number; clientId: number; clock: 'wall' | 'gateway' }
  /** Where to serve the pages; absent: nowhere. */
  metrics?: PagesSettings | undefined
  databaseServer: () => string | undefined
  missingRows: RowCheckOptions['missingRows']
  /** Between checks of the rows, whatever they cost. */
  checkRowsMs?: number | undefined
  storageJobs: StorageWatchOptions['storageJobs']
  onProgress?: ((progress: CollectProgress) => void) | undefined
}

const SAMPLE_MS = 250

export class Telemetry {
  readonly #options: TelemetryOptions
  readonly #parts: Omit<TelemetryParts, keyof ShownConnections> & ShownConnections
  readonly #dataFlow = new DataFlow()
  readonly #rowCheck: RowCheck
  readonly #disk: DiskSpace
  readonly #storage: StorageWatch
  readonly #page: StatusPage
  #server: TelemetryServer | undefined
  #withdrawAddress: (() => Promise<void>) | undefined
  #sampler: NodeJS.Timeout | undefined

  constructor(options: TelemetryOptions, parts: TelemetryParts) {
    this.#options = options
    const { connections, feed, coverage, supply, budget } = parts
    this.#parts = { ...parts, ...(connections.length > 1 ? asOne(connections) : { feed, coverage, supply, budget }) }
    const { missingRows, checkRowsMs, storageJobs } = options
    const { bound } = parts
    this.#disk = new DiskSpace({ folder: options.dataDir, reservedBytes: bound.limits.minFreeBytes })
    this.#storage = new StorageWatch({ storageJobs })
    this.#rowCheck = new RowCheck({ missingRows, events: parts.events, ...(checkRowsMs !== undefined && { pauseMs: checkRowsMs }) })
    this.#page = this.#createPage()
    this.#watch()
  }

  #watch(): void {
    const { metrics, writer, supply, budget, feed, stockSizes, bound, connections } = this.#parts
    watchLineBudget(metrics.registry, budget)
    if (connections.length > 1) watchConnections(metrics.registry, connections)
    metrics.watch({
      connection: () => feed.connection.state,
      pendingBatches: () => writer.pending,
      lines: () => ({ 'market-data': supply.lines.marketData, 'tick-by-tick': supply.lines.tickByTick }),
      openGaps: () => this.#openGaps,
      missingRows: () => this.#rowCheck.missing ?? 0,
      silentMs: () => this.#data.silentMs,
      stockSizes: () => stockSizes.sizes,
      dataExpected: () => this.#isTrading,
      journalTrouble: () => bound.trouble,
      disk: this.#disk,
      databaseUp: () => writer.failing === 0 && writer.waitedMs <= DATABASE_SILENT_MS,
      commitLagMs: () => writer.oldestMs,
      storage: this.#storage,
      notReady: () => this.#notReady(),
    })
  }

  /** Throws a ConfigError when the port is taken. */
  async start(): Promise<void> {
    const { metrics, dataDir } = this.#options
    this.#sampler = setInterval(() => {
      this.#page.sample()
      this.#dataFlow.sample(this.#parts.counts.received, performance.now())
      this.report()
    }, SAMPLE_MS)
    this.#rowCheck.start()
    this.#storage.start()
    await this.#disk.start()
    if (!metrics) return
    this.#server = await serveTelemetry({
      ...metrics,
      registry: this.#parts.metrics.registry,
      notReady: () => this.#notReady(),
      status: this.#page.read,
      arbitrage: this.#parts.detect.page,
      universe: (withContracts) => this.#parts.discovery.page(withContracts),
      lines: () => linesPage({ ...this.#parts, version: this.#options.version, gateways: () => this.#gateways }),
    })
    this.#withdrawAddress = await announceAddress(dataDir, { host: metrics.host, port: this.#server.port }).catch((error: unknown) => {
      // A full disk must not keep it from recording.
      if (!isDiskFull(error)) throw error
      this.#parts.events.addressUnknown({ error })
      return undefined
    })
  }

  report(): void {
    this.#options.onProgress?.(this.#progress())
  }

  async stop(): Promise<void> {
    clearInterval(this.#sampler)
    this.#rowCheck.stop()
    this.#storage.stop()
    this.#disk.stop()
    // Left behind it says nothing: it counts only while its writer holds the lock.
    await this.#withdrawAddress?.().catch(() => undefined)
    await this.#server?.close()
  }

  /** Each connection, where there are several. */
  get #gateways(): ShownGateway[] | undefined {
    const { connections, division } = this.#parts
    return connections.length > 1 ? connections.map((one) => shownGateway(one, division?.gone ?? [])) : undefined
  }

  /** The last tick, whether data is expected now, and for how long none came although it is. */
  get #data() {
    const { state, recorder, coverage } = this.#parts
    const { lastTickUs } = state
    const expected = recorder.recording && !coverage.isHalted && dataIsExpected(nyse, lastTickUs, recorder.nowUs)
    const watchedMs = coverage.silentMs
    const silentMs = watchedMs === 'unwatched' ? this.#dataFlow.silentMs(performance.now()) : watchedMs
    return { lastTickUs, expected, silentMs: expected ? silentMs : undefined }
  }

  /** Whether data is expected now, connected or not. */
  get #isTrading(): boolean {
    const { state, recorder, coverage, clock } = this.#parts
    if (!clock.known) return false
    return !coverage.isHalted && dataIsExpected(nyse, state.lastTickUs, recorder.recording ? recorder.nowUs : clock.nowUs())
  }

  get #openGaps(): OpenGap[] {
    const { ledger, recorder } = this.#parts
    return openGaps(ledger.open, ledger.allLines !== undefined, recorder.missing)
  }

  #notReady(): string[] {
    const { feed, coverage, recorder, supply, bound, writer, lag } = this.#parts
    return notReadyReasons({
      connection: feed.connection.status,
      isWithoutData: feed.connection.has(NO_DATA),
      ibIsAway: coverage.notices.isAway,
      recording: recorder.recording,
      lines: { wanted: supply.lines.wanted, open: supply.lines.marketData.open },
      silentMs: this.#data.silentMs,
      openGaps: this.#openGaps,
      journalTrouble: bound.trouble,
      database: {
        failing: writer.failing,
        waitedMs: writer.waitedMs,
        oldestMs: writer.oldestMs,
        hasCommitted: lag.lastMs !== undefined,
        maxLagMs: this.#options.metrics?.maxLagMs ?? Number.POSITIVE_INFINITY,
      },
    })
  }

  #progress(): CollectProgress {
    const { feed, clock, supply, counts, lag } = this.#parts
    return {
      marketTimeUs: clock.known ? clock.nowUs() : undefined,
      feed: feed.connection.state,
      linesWanted: supply.lines.wanted,
      marketData: { ...supply.lines.marketData },
      tickByTick: { ...supply.lines.tickByTick },
      entitlements: supply.entitlements.rows,
      counts,
      lagMs: lag.lastMs ?? 0,
      metricsPort: this.#server?.port,
    }
  }

  #createPage(): StatusPage {
    const { counts, events, clock, recorder, coverage, supply, discovery, bound, writer, lag, feed, stockSizes } = this.#parts
    const { connections } = this.#parts
    return createStatusPage({
      ...this.#options,
      counts,
      events,
      session: () => (recorder.recording ? { id: recorder.sessionId, marketTimeUs: clock.nowUs() } : undefined),
      connection: () => ({ ...feed.connection.status, port: feed.port }),
      gateways: () => this.#gateways,
      ...(connections.length > 1 && { feedSeen: () => seenOf(connections) }),
      ibIsAway: () => coverage.notices.isAway,
      notReady: () => this.#notReady(),
      data: () => this.#data,
      openGaps: () => this.#openGaps,
      lineLimit: () => discovery.lines,
      journal: () => ({
        segments: bound.segments.size,
        bytes: bound.segmentBytes + bound.waitingBytes,
        limitBytes: bound.limits.limitBytes,
        fault: bound.fault,
      }),
      learnedLineLimit: () => supply.lines.limit,
      marketData: () => supply.lines.marketData,
      tickByTick: () => supply.lines.tickByTick,
      stockSizes: () => stockSizes,
      lagMs: () => lag.lastMs,
      pendingBatches: () => writer.pending,
      databaseSilent: () => writer.failing === 0 && writer.waitedMs > DATABASE_SILENT_MS,
      missingRows: () => this.#rowCheck.missing,
      entitlements: () => supply.entitlements.rows,
    })
  }
}
