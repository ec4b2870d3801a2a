/**
 * The collector's entry: takes its slices of the configuration, opens what a recording needs, joins the rooms (topology.ts),
 * and on stop takes everything down in the order in which ticks flow: feed, journal, writer, the rest.
 */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import type { Logger } from 'pino'

import { acquireDirectoryLock } from '../system/directory-lock.ts'
import { FeedError } from '../market/errors.ts'
import { RULES } from '../market/rules/index.ts'
import type { RuleSettings } from '../market/rules/rule.ts'
import { createValidator } from '../market/rules/validator.ts'
import { aborted } from '../system/abort.ts'
import { isDiskFull } from '../system/durable-files.ts'
import { createGatewayClock, createWallClock } from './record/clock.ts'
import type { FeedSettings } from './ib/link/feed.ts'
import { type Link, RequestError } from './ib/link/link.ts'
import { JournalBound, type JournalLimits } from './journal/bound.ts'
import { CollectorFile } from './journal/collector-file.ts'
import { pruneOldest, pruneReleased, putAway } from './journal/directory.ts'
import { createJournalEvents } from './journal/journal-events.ts'
import { Journal, type JournalSettings } from './journal/journal.ts'
import { type KnownSessions, LeftBehind } from './journal/left-behind.ts'
import { Outage } from './gaps/outage.ts'
import { Recorder } from './record/recorder.ts'
import { announceAddress, collectorLock } from './telemetry/address.ts'
import { type Counts, createCounts } from './telemetry/counts.ts'
import { createEvents } from './telemetry/events.ts'
import { serveTelemetry } from './telemetry/http.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createStatusPage, rememberEvents } from './telemetry/status.ts'
import { joinRooms } from './topology.ts'
import type { EntitlementRow } from './lines/entitlements.ts'
import type { LineCounts, SubscriptionsOptions } from './lines/subscriptions.ts'
import { type Discovered, openUniverse, type UnderlyingSettings } from './universe/universe.ts'
import { Ending } from './write/ending.ts'
import { Writer, type WriterOptions } from './write/writer.ts'

export interface CollectSettings {
  dataDir: string
  gateway: FeedSettings & {
    clock: 'wall' | 'gateway'
    lines: number
    marketDataType: number
    genericTicks: readonly number[]
    /** Other intervals than the usual ones between attempts to have a line. */
    lineDelays?: SubscriptionsOptions['delays']
  }
  underlyings: readonly UnderlyingSettings[]
  rules: RuleSettings & { disabled: readonly string[] }
  journal: JournalSettings & JournalLimits & { keepDays: number }
  lanes: number
  /** Absent: no HTTP server. */
  metrics?: { host: string; port: number } | undefined
}

export interface CollectOptions {
  settings: CollectSettings
  version: string
  logger: Logger
  /** Brings the database to this version and makes it ready; called until it succeeds. */
  prepareDatabase: () => Promise<void>
  /** What the database is, in words; undefined until that is known. */
  databaseServer: () => string | undefined
  store: WriterOptions['store']
  /** What the database knows of earlier sessions, once prepared. */
  sessions: KnownSessions
  /** Stop at the end of a replayed tape. Without it only `stop` ends the recording. */
  untilEndOfTape: boolean
  /** Aborted: stop in order. Its reason is the cause that is recorded. */
  stop: AbortSignal
  /** Aborted: stop waiting for the database. */
  force: AbortSignal
  /** How long the database is waited for at the end. */
  drainTimeoutMs: number
  onProgress?: (progress: CollectProgress) => void
  /** Is given what takes over changed settings while it records: those of them that can change then. */
  onReloadable?: (reload: (next: CollectSettings) => void) => void
}

export interface CollectProgress {
  /** Undefined until the time is known. */
  marketTimeUs: number | undefined
  feed: 'connecting' | 'up' | 'stopped'
  linesWanted: number
  /** Market-data lines by their state: `open`; `no-line`, waiting because the gateway has none left; and so on (subscriptions.ts). */
  marketData: LineCounts
  tickByTick: LineCounts
  /** What the account gets, by symbol and kind, as the current link told. */
  entitlements: readonly EntitlementRow[]
  counts: Counts
  /** Oldest record of the last committed batch, from socket to commit. */
  lagMs: number
  metricsPort: number | undefined
}

export interface CollectSummary {
  sessionId: number
  cause: string
  counts: Counts
}

const PROGRESS_MS = 250
/** After this a database that says nothing is told of as one that takes nothing. */
const DATABASE_SILENT_MS = 10_000
const PRUNE_MS = 3_600_000
const CLOCK_WAIT_MS = 5000
const DISCOVERY_RETRY_MS = 5000

/** Records until told to stop. Resolves when everything is stopped; throws a TapedeckError when it cannot begin. */
export async function collect(options: CollectOptions): Promise<CollectSummary> {
  const { settings, logger } = options
  const lock = await acquireDirectoryLock(collectorLock(settings.dataDir), { purpose: 'tapedeck collect' })
  try {
    return await record(options, logger)
  } finally {
    await lock.release()
  }
}

async function record(options: CollectOptions, logger: Logger): Promise<CollectSummary> {
  const { stop, force } = options
  let { settings } = options
  const journalDirectory = join(settings.dataDir, 'journal')
  const counts = createCounts()
  const { events, seen } = rememberEvents(createEvents(logger, counts))
  const journalEvents = createJournalEvents(logger, counts)
  const stopped = new AbortController()
  const stopNow = (cause: unknown) => stopped.abort(cause)
  if (stop.aborted) stopNow(stop.reason)
  stop.addEventListener('abort', () => stopNow(stop.reason), { once: true })
  let lagMs = 0
  let hasCommitted = false
  const bound = new JournalBound(settings.journal)
  const file = await CollectorFile.open({ dataDir: settings.dataDir, onError: journalEvents.collectorFile })
  const leftBehind = await LeftBehind.read({
    directory: journalDirectory,
    dataDir: settings.dataDir,
    clock: settings.gateway.clock,
    file,
    bound,
    counts,
    events: journalEvents,
  })
  const prune = () => pruneReleased(journalDirectory, settings.journal.keepDays, Date.now()).then(events.pruned, events.pruneFailed)
  await prune()

  let databaseReady: Promise<void> | undefined
  const writer = new Writer({
    lanes: settings.lanes,
    counts,
    store: async (batch, contractOf) => {
      databaseReady ??= options.prepareDatabase().catch((error: unknown) => {
        databaseReady = undefined
        throw error
      })
      await databaseReady
      await leftBehind.ask(options.sessions)
      return options.store(batch, contractOf)
    },
    release: async (segment) => {
      await putAway(journalDirectory, segment)
      bound.forget(segment)
    },
    onVanished: events.rowsVanished,
    onDamaged: journalEvents.blocksDamaged,
    onCommit: (batch, stored) => {
      hasCommitted = true
      if (writer.failing === 0) events.databaseUp()
      if (stored.refusedTicks > 0) events.rowsRefused(stored.refusedTicks)
      metrics.commit(stored.commitMs / 1000)
      if (batch.openedMs === undefined) return
      lagMs = performance.now() - batch.openedMs
      metrics.batchAge(lagMs / 1000)
    },
    onRetry: events.databaseDown,
    onReleaseError: (error, segment) => events.releaseFailed(error, segment.path),
  })

  const clock = settings.gateway.clock === 'gateway' ? createGatewayClock() : createWallClock()
  const judgeBy = (rules: CollectSettings['rules']) =>
    createValidator({ rules: RULES, settings: rules, disabled: rules.disabled, onRuleError: events.ruleFailed })
  let judge = judgeBy(settings.rules)
  const ending = new Ending({
    writer,
    bound,
    counts,
    journalDirectory,
    force,
    timeoutMs: options.drainTimeoutMs,
    events: journalEvents,
  })
  const recorder = new Recorder({
    clock,
    counts,
    lastSessionId: leftBehind.lastSessionId,
    judge: (tick) => judge(tick),
    openJournal: (sessionId) => {
      file.began(sessionId, clock.nowUs(), settings.gateway.clock)
      const journal: Journal = new Journal({
        ...settings.journal,
        directory: journalDirectory,
        sessionId,
        bound,
        onBatch: (batch) => writer.add(batch, { contractOf: (i) => recorder.contractOf(i), freed: (bytes) => journal.released(bytes) }),
        isBehind: () => writer.waiting > 0,
        onSegmentClosed: (segment) => writer.segmentClosed(segment),
        onSync: ({ seconds, bytes }) => {
          metrics.journalSync(seconds, bytes)
          events.journalUp()
        },
        onError: (error, path) => {
          events.journalError(error, path)
          // The database has what is in them, and the disk has no room for what it has not.
          if (isDiskFull(error)) pruneOldest(journalDirectory).then(events.pruned, events.pruneFailed)
        },
        onFolderGone: journalEvents.folderGone,
        onClosed: (isWhole) => isWhole && file.forget([sessionId]),
        giveUp: ending.giveUp,
        onLost: (ticks) => {
          recorder.lost(ticks)
          events.journalLost(ticks)
        },
      })
      return journal
    },
    detail: {
      version: options.version,
      host: hostname(),
      pid: process.pid,
      clock: settings.gateway.clock,
      collectorId: file.collectorId,
      dataDir: settings.dataDir,
    },
    get config() {
      return { rules: settings.rules }
    },
    onDropping: events.dropping,
    onDropped: events.dropped,
  })
  const outage = new Outage({
    record: (gap) => {
      if (recorder.gap(gap)) events.gap(gap)
    },
  })

  const metrics = createMetrics({
    counts,
    feedUp: () => topology.feed.state$.value.phase === 'up',
    pendingBatches: () => writer.pending,
    lines: () => ({ 'market-data': topology.subscriptions.marketData, 'tick-by-tick': topology.subscriptions.tickByTick }),
    bound,
  })
  let discovery: Promise<void> | undefined
  let universeIsKnown = false
  const discovered = new Map<string, Discovered>()
  const topology = joinRooms({
    feed: settings.gateway,
    marketDataType: settings.gateway.marketDataType,
    get genericTicks() {
      return settings.gateway.genericTicks
    },
    lineDelays: settings.gateway.lineDelays,
    clock,
    recorder,
    outage,
    counts,
    events,
    onBegun: () =>
      leftBehind.begin({
        nowUs: () => recorder.nowUs,
        gap: (gap) => recorder.gap(gap) && events.gap(gap),
        interrupt: ({ fromTsUs, cause }) => topology.interrupt(fromTsUs, cause),
        durable: () => recorder.durable(),
      }),
    onReady: () => {
      discovery ??= discover()
    },
    universeIsKnown: () => universeIsKnown,
    onEndOfTape: () => {
      if (options.untilEndOfTape) stopNow('end-of-tape')
    },
  })

  async function discover(): Promise<void> {
    for (;;) {
      const state = topology.feed.state$.value
      // The next link begins anew.
      if (state.phase !== 'up') break
      try {
        await findUniverse(state.link)
        return
      } catch (error) {
        if (stopped.signal.aborted) return
        if (error instanceof FeedError && !(error instanceof RequestError) && !error.retryable) {
          if (universeIsKnown) return events.universeKept(error)
          return stopNow(error)
        }
        events.discoveryFailed(error)
      }
      await sleep(DISCOVERY_RETRY_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
    discovery = undefined
  }

  async function findUniverse(link: Link): Promise<void> {
    await openUniverse(link, {
      underlyings: settings.underlyings,
      lines: settings.gateway.lines,
      events,
      nowUs: () => clock.nowUs(),
      instrumentOf: (contract) => recorder.instrumentOf(contract),
      subscriptions: topology.subscriptions,
      ticks: topology.ticks,
      discovered,
    })
    universeIsKnown = true
    topology.universeFound()
  }

  /** Takes over what can change while lines are open: the universe, rules, `lines`, `genericTicks` and `keepDays`. Throws a ConfigError. */
  function reload({ underlyings, rules, gateway, journal }: CollectSettings): void {
    const nextJudge = judgeBy(rules)
    const before = settings
    settings = {
      ...before,
      underlyings,
      rules,
      gateway: { ...before.gateway, lines: gateway.lines, genericTicks: gateway.genericTicks },
      journal: { ...before.journal, keepDays: journal.keepDays },
    }
    if (!isDeepStrictEqual(rules, before.rules)) {
      judge = nextJudge
      recorder.configChanged()
    }
    if (gateway.lines !== before.gateway.lines || !isDeepStrictEqual(underlyings, before.underlyings)) discovery = discovery?.then(discover)
  }
  options.onReloadable?.(reload)

  const page = createStatusPage({
    version: options.version,
    dataDir: settings.dataDir,
    journal: () => ({
      segments: bound.segments.size,
      bytes: bound.segmentBytes + bound.waitingBytes,
      limitBytes: settings.journal.limitBytes,
      fault: bound.fault,
    }),
    gateway: settings.gateway,
    counts,
    seen,
    session: () => (recorder.recording ? { id: recorder.sessionId, marketTimeUs: clock.nowUs() } : undefined),
    feed: () => topology.feed.state$.value.phase,
    lineLimit: () => settings.gateway.lines,
    learnedLineLimit: () => topology.subscriptions.limit,
    marketData: () => topology.subscriptions.marketData,
    tickByTick: () => topology.subscriptions.tickByTick,
    lagMs: () => (hasCommitted ? lagMs : undefined),
    pendingBatches: () => writer.pending,
    databaseServer: options.databaseServer,
    entitlements: () => topology.entitlements.rows,
  })
  const telemetry =
    settings.metrics &&
    (await serveTelemetry({
      ...settings.metrics,
      registry: metrics.registry,
      notReady: () => [
        ...(topology.feed.state$.value.phase === 'up' ? [] : ['not connected to the gateway']),
        ...(recorder.recording ? [] : ['not recording: the time is not known yet']),
        ...(bound.trouble === undefined ? [] : [bound.trouble]),
        ...(writer.failing > 0 || writer.waitedMs > DATABASE_SILENT_MS
          ? ['the database does not take ticks; they wait in the journal']
          : []),
        ...(writer.failing === 0 && !hasCommitted ? ['nothing was written to the database yet'] : []),
      ],
      status: page.read,
    }))
  let withdrawAddress: (() => Promise<void>) | undefined
  const progress = (): CollectProgress => ({
    marketTimeUs: clock.known ? clock.nowUs() : undefined,
    feed: topology.feed.state$.value.phase,
    linesWanted: topology.subscriptions.wanted,
    marketData: { ...topology.subscriptions.marketData },
    tickByTick: { ...topology.subscriptions.tickByTick },
    entitlements: topology.entitlements.rows,
    counts,
    lagMs,
    metricsPort: telemetry?.port,
  })
  const ticker = setInterval(() => {
    page.sample()
    options.onProgress?.(progress())
  }, PROGRESS_MS)
  const pruner = setInterval(() => void prune(), PRUNE_MS)

  try {
    if (settings.metrics && telemetry)
      withdrawAddress = await announceAddress(settings.dataDir, { host: settings.metrics.host, port: telemetry.port }).catch(
        (error: unknown) => {
          // A full disk must not keep it from recording.
          if (!isDiskFull(error)) throw error
          events.addressUnknown(error)
          return undefined
        },
      )
    leftBehind.write(writer)
    if (settings.gateway.clock === 'wall') topology.begin()
    topology.feed.start()
    await Promise.race([aborted(stopped.signal), clockIsKnown()])
    await aborted(stopped.signal)
    const reason: unknown = stopped.signal.reason
    const cause = reason instanceof Error ? 'error' : String(reason)
    events.stopping(cause, reason instanceof Error ? reason : undefined)
    await topology.stop()
    if (recorder.recording) leftBehind.end(outage.open, recorder.nowUs)
    outage.end(recorder.nowUs)
    const { sessionId } = recorder
    await ending.run(() => recorder.end(cause))
    await file.saved()
    options.onProgress?.(progress())
    if (reason instanceof Error) throw reason
    return { sessionId, cause, counts }
  } finally {
    clearInterval(ticker)
    clearInterval(pruner)
    // Left behind it says nothing: it counts only while its writer holds the lock.
    await withdrawAddress?.().catch(() => undefined)
    await telemetry?.close()
  }

  /** A replay gateway that does not publish its time would leave a recorder on its clock waiting for ever. */
  async function clockIsKnown(): Promise<void> {
    while (topology.feed.state$.value.phase !== 'up' && !stopped.signal.aborted)
      await sleep(PROGRESS_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    await sleep(CLOCK_WAIT_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    if (!clock.known && !stopped.signal.aborted)
      stopNow(
        new FeedError(
          'The gateway does not publish its time. Start the replay gateway with --publish-time, or set gateway.clock to wall.',
          { code: 'no-gateway-time' },
        ),
      )
  }
}
