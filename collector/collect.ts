/**
 * The collector's entry: takes its slices of the configuration, creates the parts (topology.ts), and takes them up and down in the order
 * in which ticks flow: what an earlier run left, feed; on stop feed, session, writer, the rest.
 */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from 'pino'

import type { Funnel } from '../market/arbitrage/funnel.ts'
import { FeedError } from '../market/errors.ts'
import type { RecordListener } from '../market/record-source.ts'
import { Validator } from '../market/rules/validator.ts'
import { aborted } from '../system/abort.ts'
import { acquireDirectoryLock } from '../system/directory-lock.ts'
import { AutoRepair } from './backfill/auto-repair.ts'
import { type Detect, joinDetect, type JoinDetectOptions } from './detect/join.ts'
import type { GapLedger } from './gaps/ledger.ts'
import { JournalBound } from './journal/bound.ts'
import { CollectorFile } from './journal/collector-file.ts'
import { Housekeeping } from './journal/housekeeping.ts'
import { type KnownSessions, LeftBehind } from './journal/left-behind.ts'
import { type DatabaseCarry, StoredCarry } from './record/stored-carry.ts'
import { createGatewayClock, createWallClock } from './record/clock.ts'
import { StandInCarry } from './record/stand-in-carry.ts'
import type { Recorder } from './record/recorder.ts'
import type { Sessions } from './record/sessions.ts'
import { createReloader } from './reload.ts'
import { type CollectSettings, currenciesOf, linesOf, recordedConfig, sumOf } from './settings.ts'
import { collectorLock } from './telemetry/address.ts'
import { CommitLag } from './telemetry/commit-lag.ts'
import { type Counts, createCounts } from './telemetry/counts.ts'
import { createEvents, type Events } from './telemetry/events/index.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { CollectProgress } from './telemetry/progress.ts'
import { watchRepairs } from './telemetry/repair-metrics.ts'
import { Telemetry, type TelemetryOptions, type TelemetryParts } from './telemetry/telemetry.ts'
import { type FeedHalf, joinFeed, joinStorage } from './topology.ts'
import { ChainFile } from './universe/chain-file.ts'
import { type DatabaseActivity, StoredActivity } from './universe/stored-activity.ts'
import type { Ending } from './write/ending.ts'
import type { LateTicks, LateTicksOptions } from './write/late-ticks.ts'
import type { Writer, WriterOptions } from './write/writer.ts'

export interface CollectOptions {
  settings: CollectSettings
  version: string
  logger: Logger
  /** Brings the database to this version and makes it ready; called until it succeeds. */
  prepareDatabase: () => Promise<void>
  /** What the database is, in words; undefined until that is known. */
  databaseServer: () => string | undefined
  /** Its address, once prepared. Gaps are filled over connections of their own. */
  databaseUrl: () => string
  store: WriterOptions['store']
  /** Has it compute anew what stands on ticks of these times, once prepared. */
  refreshTouched: LateTicksOptions['refresh']
  /** What the database knows of earlier sessions, once prepared. */
  sessions: KnownSessions
  /** What it knows of rates and dividends, once prepared. */
  carry: DatabaseCarry
  /** What it knows of options, once prepared. */
  activity: DatabaseActivity
  /** Stores what the detectors find, once prepared. */
  derived: JoinDetectOptions['store']
  /** Sessions whose newest rows were committed and are gone. */
  missingRows: TelemetryOptions['missingRows']
  /** How its background jobs are doing, once prepared. */
  storageJobs: TelemetryOptions['storageJobs']
  /** Between checks of the rows, whatever they cost. */
  checkRowsMs?: number
  /** `performance.now()` when recording was asked for: from then on data is missing. Absent: now. */
  startedMs?: number
  /** Stop at the end of a replayed tape. Without it only `stop` ends the recording. */
  untilEndOfTape: boolean
  /** Aborted: stop in order. Its reason is the cause that is recorded. */
  stop: AbortSignal
  /** Aborted: stop waiting for the database. */
  force: AbortSignal
  /** How long the database is waited for at the end. */
  drainTimeoutMs: number
  onProgress?: (progress: CollectProgress) => void
  /** Is given every record that the journal took, in order, within the recording: it must be quick. */
  onRecord?: RecordListener
  /** Is told of opportunities that open, change and close. */
  onEpisode?: JoinDetectOptions['onEpisode']
  /** Is given what takes over changed settings while it records: those of them that can change then. */
  onReloadable?: (reload: (next: CollectSettings) => void) => void
}

export type { CollectProgress }

export interface CollectSummary {
  sessionId: number
  cause: string
  counts: Counts
  /** What the detectors looked at and refused, and records that they did not look at as they were behind. Undefined when none ran. */
  arbitrage: { funnel: Funnel; passed: number } | undefined
}

const CLOCK_WAIT_MS = 5000
const POLL_MS = 250

/** Records until it is told to stop. Resolves when everything is stopped; throws a TapedeckError when it cannot begin. */
export async function collect({ startedMs = performance.now(), ...options }: CollectOptions): Promise<CollectSummary> {
  const lock = await acquireDirectoryLock(collectorLock(options.settings.dataDir), { purpose: 'tapedeck collect' })
  try {
    const collector = await createCollector({ ...options, startedMs })
    options.onReloadable?.(collector.reload)
    return await run(collector)
  } finally {
    await lock.release()
  }
}

type Collector = TelemetryParts &
  FeedHalf & {
    sessions: Sessions
    housekeeping: Housekeeping
    telemetry: Telemetry
    leftBehind: LeftBehind
    file: CollectorFile
    validator: Validator
    standInCarry: StandInCarry
    repair: AutoRepair
    detect: Detect
    ending: Ending
    lateTicks: LateTicks
    /** Aborted: the recording ends, in order. Its reason is the cause, or the error that it ends with. */
    stopping: AbortSignal
    onBroken: (error: unknown) => void
    reload: (next: CollectSettings) => void
  }

/** Creates all parts; nothing runs yet. */
async function createCollector(options: CollectOptions & { startedMs: number }): Promise<Collector> {
  const { settings, version, logger, stop, startedMs } = options
  const { dataDir, gateway, journal, rules } = settings
  const directory = join(dataDir, 'journal')
  const counts = createCounts()
  const events = createEvents(logger, counts)
  const stopping = following(stop)
  const onBroken = (error: unknown) => {
    if (!(error instanceof FeedError)) events.invariantBroken({ error })
    stopping.abort(error)
  }
  const validator = new Validator({ ...rules, onRuleError: (rule, error) => events.ruleFailed({ rule, error }) })
  const clock = gateway.clock === 'gateway' ? createGatewayClock() : createWallClock()
  const bound = new JournalBound(journal)
  const metrics = createMetrics(counts, bound)
  const lag = new CommitLag()
  const housekeeping = new Housekeeping({ directory, keepDays: journal.keepDays, bound, events })
  const shared = { counts, events, clock, onBroken }
  const file = await CollectorFile.open({ dataDir, onError: (error, path) => events.collectorFileFailed({ error, path }) })
  const leftBehind = await LeftBehind.read({ directory, dataDir, clock: gateway.clock, file, bound, counts, events })
  const storedCarry = new StoredCarry({ database: options.carry, events, stop: stopping.signal })
  const storedActivity = new StoredActivity({ database: options.activity, events })
  const storage = joinStorage({
    ...shared,
    bound,
    housekeeping,
    metrics,
    lag,
    file,
    leftBehind,
    knownSessions: options.sessions,
    force: options.force,
    drainTimeoutMs: options.drainTimeoutMs,
    journal: { ...journal, directory },
    lanes: settings.lanes,
    judge: validator,
    config: recordedConfig(settings),
    detail: { version, host: hostname(), pid: process.pid, clock: gateway.clock, collectorId: file.collectorId, dataDir },
    store: options.store,
    refreshTouched: options.refreshTouched,
    prepareDatabase: () => prepare(options, [storedCarry, storedActivity, detect, repair]),
  })
  const { recorder, ledger, state, ending } = storage
  const standInCarry = new StandInCarry(recorder, settings.carry, currenciesOf(settings))
  storedCarry.attach(recorder)
  const wishing = detectOptions(options, (of, instruments) => feedHalf.wish(of, instruments))
  const detect: Detect = joinDetect({ ...wishing, recorder, events, registry: metrics.registry, giveUp: ending.giveUp })
  if (options.onRecord) recorder.subscribe(options.onRecord)
  const feedHalf = joinFeed({
    ...shared,
    ...feedOptions(settings),
    chainFile: chainFileOf(settings, events),
    storedActivity,
    recorder,
    state,
    ledger,
    startedMs,
    onBegun: () => nameLeftBehind(leftBehind, recorder, ledger),
    onEndOfTape: () => options.untilEndOfTape && stopping.abort('end-of-tape'),
  })
  const repair: AutoRepair = repairOf(options, { ...shared, ...storage, ...feedHalf, metrics, stop: stopping.signal })
  const parts = {
    ...shared,
    ...storage,
    ...feedHalf,
    validator,
    bound,
    lag,
    metrics,
    housekeeping,
    leftBehind,
    file,
    standInCarry,
    repair,
    detect,
    stopping: stopping.signal,
  }
  return { ...parts, reload: createReloader(settings, parts), telemetry: createTelemetry(options, parts) }
}

/** A batch comes to the writer so long after its records at most, besides the time that batches take by the settings. */
const HANDED_MS = 1000

interface RepairParts extends Pick<Collector, 'recorder' | 'clock' | 'events' | 'supply' | 'division' | 'counts' | 'metrics'> {
  writer: Pick<Writer, 'oldestMs'>
  stop: AbortSignal
}

function repairOf(
  { settings, databaseUrl }: CollectOptions,
  { supply, division, writer, metrics, counts: { recovered }, ...parts }: RepairParts,
): AutoRepair {
  const repair = new AutoRepair({
    ...parts,
    settings: settings.repair,
    url: databaseUrl,
    link: () => (division ?? supply).link,
    routeOf: (symbol) => settings.underlyings.find((one) => one.symbol === symbol) ?? { exchange: 'SMART' },
    isCommitted: (sinceMs) =>
      recovered.committed >= recovered.found && performance.now() - sinceMs > settings.journal.batchMs + HANDED_MS + writer.oldestMs,
  })
  watchRepairs(metrics.registry, () => repair.figures)
  return repair
}

/** Has the database made ready, and tells who waits for it. */
async function prepare({ prepareDatabase }: CollectOptions, parts: readonly { prepared: () => void }[]): Promise<void> {
  await prepareDatabase()
  for (const part of parts) part.prepared()
}

function chainFileOf({ dataDir, gateway: { host, port } }: CollectSettings, events: Events): ChainFile {
  return new ChainFile({ dataDir, gateway: `${host}:${port}`, onError: (error, path) => events.chainFileFailed({ error, path }) })
}

/** What earlier runs left is named in the session that has just begun. */
function nameLeftBehind(leftBehind: LeftBehind, recorder: Recorder, ledger: GapLedger): void {
  leftBehind.begin({
    nowUs: () => recorder.nowUs,
    gap: (gap) => ledger.name(gap),
    interrupt: ({ fromTsUs, cause }) => ledger.linesLost(fromTsUs, cause),
    durable: () => recorder.durable(),
  })
}

/** The legs of an opportunity keep their lines while it is open. */
function detectOptions(
  { version, settings: { detect }, derived: store, onEpisode: listen }: CollectOptions,
  wish: (of: string, instruments: readonly number[]) => void,
) {
  const onEpisode: NonNullable<JoinDetectOptions['onEpisode']> = (change, episode) => {
    if (change === 'opened')
      wish(
        episode.id,
        episode.opened.legs.map(({ instrument }) => instrument),
      )
    if (change === 'closed') wish(episode.id, [])
    listen?.(change, episode)
  }
  return { version, detect, store, onEpisode }
}

function feedOptions({ gateway, underlyings, linePlan }: CollectSettings) {
  const { marketDataType, genericTicks, stockSizes, lineDelays, others } = gateway
  const universe = { underlyings, lines: sumOf(linesOf(gateway)) }
  return { feed: gateway, others, marketDataType, genericTicks, stockSizes, lineDelays, linePlan, universe }
}

/** A controller that is aborted with `signal`, and may be before. */
function following(signal: AbortSignal): AbortController {
  const controller = new AbortController()
  signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true })
  if (signal.aborted) controller.abort(signal.reason)
  return controller
}

function createTelemetry(
  { settings, version, databaseServer, missingRows, checkRowsMs, storageJobs, onProgress }: CollectOptions,
  parts: TelemetryParts,
) {
  const { dataDir, gateway, metrics } = settings
  return new Telemetry({ version, dataDir, gateway, metrics, databaseServer, missingRows, checkRowsMs, storageJobs, onProgress }, parts)
}

async function run(collector: Collector): Promise<CollectSummary> {
  const {
    housekeeping,
    telemetry,
    sessions,
    stopping,
    events,
    writer,
    recorder,
    ledger,
    counts,
    leftBehind,
    ending,
    file,
    detect,
    lateTicks,
    repair,
  } = collector
  await housekeeping.start()
  try {
    await telemetry.start()
    leftBehind.write(writer)
    sessions.start()
    collector.start()
    await Promise.race([aborted(stopping), clockIsKnown(collector)])
    await aborted(stopping)

    const reason: unknown = stopping.reason
    const error = reason instanceof Error ? reason : undefined
    const cause = error ? 'error' : String(reason)
    events.stopping({ cause, error })
    await collector.stop()
    const { sessionId } = recorder
    if (recorder.recording) leftBehind.end(ledger.allLines, recorder.nowUs)
    await ending.run(
      () => sessions.end(cause),
      () => Promise.all([detect.finish(), lateTicks.finish(writer.drained()), repair.ended()]),
    )
    await file.saved()
    telemetry.report()
    if (error) throw error
    return { sessionId, cause, counts, arbitrage: detect.totals() }
  } finally {
    housekeeping.stop()
    await telemetry.stop()
  }
}

/** A replay gateway that does not publish its time would leave a recorder on its clock waiting for ever. Ends the recording then. */
async function clockIsKnown({ connections, clock, stopping, onBroken }: Collector): Promise<void> {
  const wait = (ms: number) => sleep(ms, undefined, { signal: stopping }).catch(() => undefined)
  while (!connections.some(({ supply }) => supply.link) && !stopping.aborted) await wait(POLL_MS)
  await wait(CLOCK_WAIT_MS)
  if (clock.known || stopping.aborted) return
  onBroken(
    new FeedError('The gateway does not publish its time. Start the replay gateway with --publish-time, or set gateway.clock to wall.', {
      code: 'no-gateway-time',
    }),
  )
}
