/**
 * The collector's entry: takes its slices of the configuration, creates the parts (topology.ts), and takes them up and down in the order
 * in which ticks flow: what an earlier run left, feed; on stop feed, session, writer, the rest.
 */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import type { Logger } from 'pino'

import { FeedError } from '../market/errors.ts'
import { RULES } from '../market/rules/index.ts'
import type { RuleSettings } from '../market/rules/rule.ts'
import { createValidator } from '../market/rules/validator.ts'
import { aborted } from '../system/abort.ts'
import { acquireDirectoryLock } from '../system/directory-lock.ts'
import type { FeedSettings } from './ib/link/feed.ts'
import { JournalBound, type JournalLimits } from './journal/bound.ts'
import { Housekeeping } from './journal/housekeeping.ts'
import type { JournalSettings } from './journal/journal.ts'
import { type RecoveredSession, recoverJournal } from './journal/recovery.ts'
import type { LineDelays } from './lines/ask-again.ts'
import { createGatewayClock, createWallClock } from './record/clock.ts'
import type { Judge } from './record/recorder.ts'
import type { Sessions } from './record/sessions.ts'
import { collectorLock } from './telemetry/address.ts'
import { CommitLag } from './telemetry/commit-lag.ts'
import { type Counts, createCounts } from './telemetry/counts.ts'
import { createEvents, type Events } from './telemetry/events/index.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { CollectProgress } from './telemetry/progress.ts'
import { Telemetry, type TelemetryOptions, type TelemetryParts } from './telemetry/telemetry.ts'
import { type FeedHalf, joinFeed, joinStorage } from './topology.ts'
import type { UnderlyingSettings } from './universe/universe.ts'
import type { Writer, WriterOptions } from './write/writer.ts'

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
  metrics?: TelemetryOptions['metrics']
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

export type { CollectProgress }

export interface CollectSummary {
  sessionId: number
  cause: string
  counts: Counts
}

const STILL_HOLDING_MS = 5000
const CLOCK_WAIT_MS = 5000
const POLL_MS = 250
const ABANDON_MS = 3000

/** Records until it is told to stop. Resolves when everything is stopped; throws a TapedeckError when it cannot begin. */
export async function collect(options: CollectOptions): Promise<CollectSummary> {
  const lock = await acquireDirectoryLock(collectorLock(options.settings.dataDir), { purpose: 'tapedeck collect' })
  try {
    const collector = await createCollector(options)
    options.onReloadable?.(collector.reload)
    return await run(collector, options)
  } finally {
    await lock.release()
  }
}

type Collector = TelemetryParts &
  FeedHalf & {
    sessions: Sessions
    housekeeping: Housekeeping
    telemetry: Telemetry
    recovered: RecoveredSession[]
    /** Aborted: the recording ends, in order. Its reason is the cause, or the error that it ends with. */
    stopping: AbortSignal
    onBroken: (error: unknown) => void
    reload: (next: CollectSettings) => void
  }

/** Creates all parts; nothing runs yet. */
async function createCollector(options: CollectOptions): Promise<Collector> {
  const { settings, version, logger, force, stop } = options
  const { gateway, journal, rules } = settings
  const directory = join(settings.dataDir, 'journal')
  const counts = createCounts()
  const events = createEvents(logger, counts)
  const stopping = new AbortController()
  stop.addEventListener('abort', () => stopping.abort(stop.reason), { once: true })
  if (stop.aborted) stopping.abort(stop.reason)
  const onBroken = (error: unknown) => {
    if (!(error instanceof FeedError)) events.invariantBroken({ error })
    stopping.abort(error)
  }

  const recovered = await recoverJournal(directory)
  const clock = gateway.clock === 'gateway' ? createGatewayClock() : createWallClock()
  const bound = new JournalBound(journal)
  const metrics = createMetrics(counts, bound)
  const lag = new CommitLag()
  const housekeeping = new Housekeeping({ directory, keepDays: journal.keepDays, bound, events })
  const shared = { counts, events, clock, onBroken }
  const storage = joinStorage({
    ...shared,
    bound,
    housekeeping,
    metrics,
    lag,
    force,
    journal: { ...journal, directory },
    lanes: settings.lanes,
    judge: judgeBy(rules, events),
    config: { rules },
    detail: { version, host: hostname(), pid: process.pid, clock: gateway.clock },
    store: options.store,
    prepareDatabase: options.prepareDatabase,
  })
  const { recorder, ledger } = storage
  const feedHalf = joinFeed({
    ...shared,
    recorder,
    ledger,
    feed: gateway,
    marketDataType: gateway.marketDataType,
    genericTicks: gateway.genericTicks,
    universe: { underlyings: settings.underlyings, lines: gateway.lines },
    lineDelays: gateway.lineDelays,
    onEndOfTape: () => {
      if (options.untilEndOfTape) stopping.abort('end-of-tape')
    },
  })
  const parts = { ...shared, ...storage, ...feedHalf, bound, lag, metrics, housekeeping, recovered, stopping: stopping.signal }
  return { ...parts, reload: createReloader(settings, parts), telemetry: createTelemetry(options, directory, parts) }
}

function createTelemetry(
  { settings, version, databaseServer, onProgress }: CollectOptions,
  journalDirectory: string,
  parts: TelemetryParts,
) {
  const { dataDir, gateway, metrics } = settings
  return new Telemetry({ version, dataDir, journalDirectory, gateway, metrics, databaseServer, onProgress }, parts)
}

/** Takes over what can change while lines are open: the universe, rules, `lines`, `genericTicks` and `keepDays`. Throws a ConfigError. */
function createReloader(started: CollectSettings, parts: Pick<Collector, 'events' | 'recorder' | 'supply' | 'housekeeping' | 'discovery'>) {
  const { events, recorder, supply, housekeeping, discovery } = parts
  let { rules, underlyings, gateway } = started
  return (next: CollectSettings): void => {
    // First: settings that cannot be judged by are refused whole.
    const judge = judgeBy(next.rules, events)
    if (!isDeepStrictEqual(next.rules, rules)) recorder.configure({ rules: next.rules }, judge)
    supply.configure({ genericTicks: next.gateway.genericTicks })
    housekeeping.configure({ keepDays: next.journal.keepDays })
    if (next.gateway.lines !== gateway.lines || !isDeepStrictEqual(next.underlyings, underlyings))
      discovery.configure({ underlyings: next.underlyings, lines: next.gateway.lines })
    ;({ rules, underlyings, gateway } = next)
  }
}

function judgeBy(rules: CollectSettings['rules'], events: Events): Judge {
  const onRuleError = (rule: string, error: unknown) => events.ruleFailed({ rule, error })
  return createValidator({ rules: RULES, settings: rules, disabled: rules.disabled, onRuleError })
}

async function run(collector: Collector, options: CollectOptions): Promise<CollectSummary> {
  const { housekeeping, telemetry, feed, sessions, stopping, events, writer, recorder, counts } = collector
  await housekeeping.start()
  try {
    await telemetry.start()
    takeUpRecovered(collector, options.settings.gateway.clock)
    sessions.start()
    for (const session of collector.recovered) writeRecovered(session, collector)
    feed.start()
    await Promise.race([aborted(stopping), clockIsKnown(collector)])
    await aborted(stopping)

    const reason: unknown = stopping.reason
    const error = reason instanceof Error ? reason : undefined
    const cause = error ? 'error' : String(reason)
    events.stopping({ cause, error })
    await collector.stop()
    const { sessionId } = recorder
    await sessions.end(cause)
    await drain(writer, counts, events, options)
    telemetry.report()
    if (error) throw error
    return { sessionId, cause, counts }
  } finally {
    housekeeping.stop()
    await telemetry.stop()
  }
}

/** An earlier run's last session may have left a gap behind; the one before it named its own. */
function takeUpRecovered({ recovered, ledger }: Collector, clock: 'wall' | 'gateway'): void {
  const { gap, clock: whose = clock } = recovered.findLast(({ batches }) => batches.length > 0) ?? {}
  // The time of a replayed day and today's have nothing to do with each other.
  if (gap && whose === clock) ledger.linesLost(gap.fromTsUs, gap.cause)
}

function writeRecovered(session: RecoveredSession, { events, counts, writer, bound }: Collector): void {
  const { sessionId, batches, tornBytes, crashed } = session
  const ticks = batches.reduce((sum, batch) => sum + batch.ticks, 0)
  events.sessionRecovered({ sessionId, batches: batches.length, ticks, tornBytes, crashed })
  counts.recovered.found += ticks
  for (const batch of batches) writer.add(batch, { contractOf: (i) => session.contracts.get(i), recovered: true })
  for (const segment of session.segments) {
    bound.segmentBytes += segment.bytes
    writer.segmentClosed(segment)
  }
}

/** A replay gateway that does not publish its time would leave a recorder on its clock waiting for ever. Ends the recording then. */
async function clockIsKnown({ supply, clock, stopping, onBroken }: Collector): Promise<void> {
  const wait = (ms: number) => sleep(ms, undefined, { signal: stopping }).catch(() => undefined)
  while (!supply.link && !stopping.aborted) await wait(POLL_MS)
  await wait(CLOCK_WAIT_MS)
  if (clock.known || stopping.aborted) return
  onBroken(
    new FeedError('The gateway does not publish its time. Start the replay gateway with --publish-time, or set gateway.clock to wall.', {
      code: 'no-gateway-time',
    }),
  )
}

async function drain(writer: Writer, counts: Counts, events: Events, { force, drainTimeoutMs }: CollectOptions): Promise<void> {
  const holding = setInterval(() => events.stillHolding({ ticks: counts.inFlight, batches: writer.pending }), STILL_HOLDING_MS)
  const waiting = new AbortController()
  const timeout = sleep(drainTimeoutMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([writer.drained(), aborted(force), timeout])
  waiting.abort()
  clearInterval(holding)
  // A statement that hangs on a dead connection must not hold the exit up; its batch is in the journal.
  await Promise.race([writer.stop(), sleep(ABANDON_MS, undefined, { ref: false })])
  const ticks = counts.inFlight + counts.recovered.found - counts.recovered.committed
  if (writer.uncommitted > 0) events.leftInJournal({ ticks, batches: writer.uncommitted })
}
