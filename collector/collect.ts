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
import { createGatewayClock, createWallClock } from './record/clock.ts'
import type { FeedSettings } from './ib/link/feed.ts'
import { type Link, RequestError } from './ib/link/link.ts'
import { JournalBound, type JournalLimits } from './journal/bound.ts'
import { pruneOldest, pruneReleased, releaseSegment } from './journal/directory.ts'
import { Journal, type JournalSettings } from './journal/journal.ts'
import { recoverJournal } from './journal/recovery.ts'
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
import type { LineDelays } from './lines/ask-again.ts'
import type { LineCounts } from './lines/line.ts'
import { type Discovered, openUniverse, type UnderlyingSettings } from './universe/universe.ts'
import { Writer, type WriterOptions } from './write/writer.ts'

export interface CollectSettings {
  dataDir: string
  gateway: FeedSettings & {
    clock: 'wall' | 'gateway'
    lines: number
    marketDataType: number
    genericTicks: readonly number[]
    /** Other intervals than the usual ones between attempts to have a line. */
    lineDelays?: Partial<LineDelays>
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
  /** Market-data lines by their state: `open`; `no-line`, waiting because the gateway has none left; and so on (lines/line.ts). */
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
const STILL_HOLDING_MS = 5000
const CLOCK_WAIT_MS = 5000
const DISCOVERY_RETRY_MS = 5000
const ABANDON_MS = 3000

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
  const stopped = new AbortController()
  const stopNow = (cause: unknown) => stopped.abort(cause)
  if (stop.aborted) stopNow(stop.reason)
  stop.addEventListener('abort', () => stopNow(stop.reason), { once: true })
  let lagMs = 0
  let hasCommitted = false

  const recovered = await recoverJournal(journalDirectory)
  const prune = () => pruneReleased(journalDirectory, settings.journal.keepDays, Date.now()).then(events.pruned, events.pruneFailed)
  await prune()
  const bound = new JournalBound(settings.journal)

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
      return options.store(batch, contractOf)
    },
    release: async (segment) => {
      await releaseSegment(journalDirectory, segment.path)
      bound.segmentBytes -= segment.bytes
    },
    onVanished: events.rowsVanished,
    onCommit: (batch, stored) => {
      hasCommitted = true
      events.databaseUp()
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
  const recorder = new Recorder({
    clock,
    counts,
    judge: (tick) => judge(tick),
    openJournal: (sessionId) => {
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
          if (isFull(error)) pruneOldest(journalDirectory).then(events.pruned, events.pruneFailed)
        },
        giveUp: force,
        onLost: (ticks) => {
          recorder.lost(ticks)
          events.journalLost(ticks)
        },
      })
      return journal
    },
    detail: { version: options.version, host: hostname(), pid: process.pid, clock: settings.gateway.clock },
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
      registry: topology.subscriptions,
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
    journalDirectory,
    gateway: settings.gateway,
    counts,
    seen,
    session: () => (recorder.recording ? { id: recorder.sessionId, marketTimeUs: clock.nowUs() } : undefined),
    feed: () => topology.feed.state$.value.phase,
    lineLimit: () => settings.gateway.lines,
    journalLimit: settings.journal.limitBytes,
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
        ...journalTroubles(bound),
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
      withdrawAddress = await announceAddress(settings.dataDir, { host: settings.metrics.host, port: telemetry.port })
    // An earlier run's last session may have left a hole behind; the one before it named its own.
    // The time of a replayed day and today's have nothing to do with each other.
    const { hole, clock: whose = settings.gateway.clock } = recovered.findLast(({ batches }) => batches.length > 0) ?? {}
    if (hole && whose === settings.gateway.clock) topology.interrupt(hole.fromTsUs, hole.cause)
    if (settings.gateway.clock === 'wall') topology.begin()
    for (const session of recovered) recover(session)
    topology.feed.start()
    await Promise.race([aborted(stopped.signal), clockIsKnown()])
    await aborted(stopped.signal)
    const reason: unknown = stopped.signal.reason
    const cause = reason instanceof Error ? 'error' : String(reason)
    events.stopping(cause, reason instanceof Error ? reason : undefined)
    await topology.stop()
    outage.end(recorder.nowUs)
    const { sessionId } = recorder
    await recorder.end(cause)
    await drain(writer, counts, events, force, options.drainTimeoutMs)
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

  function recover(session: Awaited<ReturnType<typeof recoverJournal>>[number]): void {
    const ticks = session.batches.reduce((sum, batch) => sum + batch.ticks, 0)
    events.recovered(session.sessionId, session.batches.length, ticks, session.tornBytes, session.crashed)
    counts.recovered.found += ticks
    for (const batch of session.batches) writer.add(batch, { contractOf: (i) => session.contracts.get(i), recovered: true })
    for (const segment of session.segments) {
      bound.segmentBytes += segment.bytes
      writer.segmentClosed(segment)
    }
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

async function drain(
  writer: Writer,
  counts: Counts,
  events: ReturnType<typeof createEvents>,
  force: AbortSignal,
  timeoutMs: number,
): Promise<void> {
  const holding = setInterval(() => events.stillHolding('writer', counts.inFlight, writer.pending), STILL_HOLDING_MS)
  const waiting = new AbortController()
  const timeout = sleep(timeoutMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([writer.drained(), aborted(force), timeout])
  waiting.abort()
  clearInterval(holding)
  // A statement that hangs on a dead connection must not hold the exit up; its batch is in the journal.
  await Promise.race([writer.stop(), sleep(ABANDON_MS, undefined, { ref: false })])
  const ticks = counts.inFlight + counts.recovered.found - counts.recovered.committed
  if (writer.uncommitted > 0) events.leftInJournal(ticks, writer.uncommitted)
}

function journalTroubles({ refusal, diskFails }: JournalBound): string[] {
  if (refusal === 'journal-full') return ['the journal is full: ticks are dropped until the database takes some of it']
  if (refusal) return ['the journal cannot be written and memory is full: ticks are dropped']
  return diskFails ? ['the journal cannot be written; ticks wait in memory'] : []
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC'
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
