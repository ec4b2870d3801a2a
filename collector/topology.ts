/**
 * The page to read first: creates the parts of the collector and joins them, in the order in which a tick visits them. No policy here:
 * each part owns its own state and says in its file what it does with it.
 *
 *   socket -> link, feed (ib/link) -> intake, assembler: whole ticks per line (ib/ticks)
 *     -> recorder: numbered, stamped, judged, appended (record) -> subscribers: MarketState
 *     -> journal: group fsync (journal) -> writer: lanes, COPY, commit (write) -> segment released
 *
 * Beside that path: `Sessions` begins and rotates recording sessions, `Coverage` knows which lines have data and `GapLedger` names the
 * time in which they have none, `LineSupply` has the wanted lines served, `Discovery` finds out which lines are wanted, and `LineBudget`
 * which of them are held when there are more than the gateway has. The detectors hang on the recorder as one more subscriber, with a queue
 * of their own (detect/join.ts).
 */

import { Observable, Subject, takeUntil } from 'rxjs'

import { POLICIES_REACH_US } from '../db/schema/storage/bars/index.ts'
import { nyse } from '../market/calendar/calendar.ts'
import { MarketState } from '../market/state/market-state.ts'
import type { StatedUnit } from '../market/stock-sizes/detector.ts'
import { isTick, type Tick } from '../market/tick.ts'
import { createControlRouter } from './control-messages.ts'
import { Coverage } from './gaps/coverage.ts'
import { GapLedger } from './gaps/ledger.ts'
import { Feed, type FeedOptions as LinkFeedOptions, type FeedSettings } from './ib/link/feed.ts'
import { noteDataBack } from './ib/link/gateway-notices.ts'
import { NoticeLog } from './ib/notice-log.ts'
import { UnreadableMessages } from './ib/unreadable.ts'
import { Assembler, type AssemblerOutput, SILENCE_MS } from './ib/ticks/assemble.ts'
import { Intake } from './ib/ticks/intake.ts'
import type { JournalBound } from './journal/bound.ts'
import type { CollectorFile } from './journal/collector-file.ts'
import type { Housekeeping } from './journal/housekeeping.ts'
import { Journal, type JournalSettings } from './journal/journal.ts'
import type { KnownSessions, LeftBehind } from './journal/left-behind.ts'
import type { LineDelays } from './lines/ask-again.ts'
import { LineBudget } from './lines/budget.ts'
import { LineSupply } from './lines/line-supply.ts'
import type { PlanSettings } from './lines/plan/state.ts'
import { priceOf } from './lines/price.ts'
import type { CollectorClock, GatewayClock } from './record/clock.ts'
import { createTickRecorder, type TickRecorder } from './record/record-tick.ts'
import { type Judge, Recorder } from './record/recorder.ts'
import { Sessions } from './record/sessions.ts'
import { StockSizeWatch } from './record/stock-sizes.ts'
import type { CommitLag } from './telemetry/commit-lag.ts'
import { dataIsExpected } from './telemetry/data-flow.ts'
import type { Counts } from './telemetry/counts.ts'
import type { Events } from './telemetry/events/index.ts'
import type { Metrics } from './telemetry/metrics.ts'
import type { ChainFile } from './universe/chain-file.ts'
import { Discovery, type DiscoverySettings } from './universe/discovery.ts'
import { Ending } from './write/ending.ts'
import { LateTicks, type LateTicksOptions } from './write/late-ticks.ts'
import { preparedStore } from './write/prepared-store.ts'
import { Writer, type WriterOptions } from './write/writer.ts'

interface Shared {
  counts: Counts
  events: Events
  clock: CollectorClock | GatewayClock
  /** The program is in a state that must not be: the recording has to end. */
  onBroken: (error: unknown) => void
}

export interface StorageOptions extends Shared {
  bound: JournalBound
  housekeeping: Housekeeping
  metrics: Metrics
  lag: CommitLag
  journal: JournalSettings & { directory: string }
  lanes: number
  judge: Judge
  /** Settings that verdicts depend on. */
  config: Record<string, unknown>
  /** Goes into the session's start record. */
  detail: { clock: string; [name: string]: unknown }
  store: WriterOptions['store']
  /** Brings the database to this version and makes it ready. */
  prepareDatabase: () => Promise<void>
  refreshTouched: LateTicksOptions['refresh']
  /** What earlier runs left, and what only the database knows of them. */
  leftBehind: LeftBehind
  knownSessions: KnownSessions
  file: CollectorFile
  /** Aborted: the end waits no longer. */
  force: AbortSignal
  drainTimeoutMs: number
}

export interface Storage {
  writer: Writer
  recorder: Recorder
  ledger: GapLedger
  state: MarketState
  ending: Ending
  lateTicks: LateTicks
}

/** The second half: from the recorder to the release of a journal segment. */
export function joinStorage(options: StorageOptions): Storage {
  const { counts, events, clock, bound, housekeeping, metrics, lag, file, leftBehind } = options
  const writer = new Writer({
    lanes: options.lanes,
    counts,
    store: preparedStore(async () => {
      await options.prepareDatabase()
      await leftBehind.ask(options.knownSessions)
    }, options.store),
    release: (segment) => housekeeping.release(segment),
    onVanished: (ticks) => events.rowsVanished({ ticks }),
    onDamaged: ({ segment, ...blocks }, { sessionId, batchNo }) => {
      events.blocksDamaged({ ...blocks, path: segment.path, sessionId, batchNo })
    },
    onCommit: (batch, stored) => {
      if (writer.failing === 0) events.databaseUp()
      if (stored.refusedTicks > 0) events.rowsRefused({ ticks: stored.refusedTicks })
      metrics.committed(stored.commitMs, lag.committed(batch))
      lateTicks.committed(batch)
    },
    onRetry: (error, retryMs, { sessionId, batchNo }) => events.databaseDown({ error, retryMs, sessionId, batchNo }),
    onReleaseError: (error, { path }) => events.releaseFailed({ error, path }),
  })
  const ending = new Ending({
    writer,
    bound,
    counts,
    events,
    journalDirectory: options.journal.directory,
    force: options.force,
    timeoutMs: options.drainTimeoutMs,
  })
  const { giveUp } = ending
  const lateTicks = new LateTicks({ refresh: options.refreshTouched, policiesReachUs: POLICIES_REACH_US, events, giveUp })
  const openJournal = (sessionId: number): Journal => {
    file.began(sessionId, clock.nowUs(), options.detail.clock)
    const journal: Journal = new Journal({
      ...options.journal,
      sessionId,
      bound,
      onBatch: (batch) => writer.add(batch, { contractOf: (i) => recorder.contractOf(i), freed: (bytes) => journal.released(bytes) }),
      isBehind: () => writer.waiting > 0,
      onSegmentClosed: (segment) => writer.segmentClosed(segment),
      onSync: (sync) => {
        metrics.journalSync(sync)
        events.journalUp()
      },
      onError: (error, path) => {
        events.journalError({ error, path })
        housekeeping.makeRoom(error)
      },
      onFolderGone: (path, missing) => events.journalFolderGone({ path, missing: missing.map((segment) => segment.path) }),
      onClosed: (isWhole) => isWhole && file.forget([sessionId]),
      giveUp,
      onLost: (ticks) => {
        recorder.lost(ticks)
        events.journalLost({ ticks })
      },
    })
    return journal
  }
  const recorder = new Recorder({
    clock,
    counts,
    lastSessionId: leftBehind.lastSessionId,
    judge: options.judge,
    openJournal,
    detail: options.detail,
    config: options.config,
    onSubscriberError: (error) => events.subscriberFailed({ error }),
  })
  const state = new MarketState()
  recorder.subscribe((record) => state.apply(record))
  return { writer, recorder, ledger: new GapLedger(recorder, events), state, ending, lateTicks }
}

export interface FeedOptions extends Shared {
  recorder: Recorder
  state: MarketState
  ledger: GapLedger
  feed: FeedSettings
  marketDataType: number
  genericTicks: readonly number[]
  /** In which unit the sizes of US stocks come, as far as the user knows. */
  stockSizes?: StatedUnit | undefined
  universe: DiscoverySettings
  lineDelays?: Partial<LineDelays> | undefined
  /** How lines are shared among more contracts than there are; absent: those beyond them are never watched. */
  linePlan?: PlanSettings | undefined
  /** Where chains are kept for a start on the same day; absent: nowhere. */
  chainFile?: ChainFile | undefined
  /** `performance.now()` when recording was asked for. */
  startedMs: number
  /** The first session has begun, in the same turn. */
  onBegun: () => void
  onEndOfTape: () => void
}

export interface FeedHalf {
  feed: Feed
  sessions: Sessions
  coverage: Coverage
  supply: LineSupply
  budget: LineBudget
  discovery: Discovery
  stockSizes: StockSizeWatch
  /** Ends the feed: everything that has arrived is in the journal's hands. */
  stop(): Promise<void>
}

/** The first half: from the socket to the recorder. */
export function joinFeed(options: FeedOptions): FeedHalf {
  const { counts, events, clock, recorder, ledger, onBroken, onBegun, onEndOfTape } = options
  const stopped = new Subject<void>()
  const coverage: Coverage = new Coverage({
    ...options,
    supply: () => supply,
    onDataBack: (farm) => noteDataBack(feed.connection, farm),
  })
  const ticks = createTickRecorder(recorder, ledger, clock)
  const stockSizes = new StockSizeWatch({ recorder, events, stated: options.stockSizes })
  const assembler = assemblerOn(clock)
  const notices = noticesOf(options)
  const supply: LineSupply = new LineSupply({ ...options, assembler, coverage, notices, delays: options.lineDelays })
  assembler.connect(tickOutput({ supply, ticks, coverage, stockSizes, events }))
  const sessions = new Sessions({
    clock,
    recorder,
    ledger,
    events,
    onBroken,
    onShifted: (byUs) => {
      coverage.shifted(byUs)
      discovery.shift(byUs)
      budget.shift(byUs)
      stockSizes.note()
    },
    onBegun: () => {
      coverage.begun()
      onBegun()
      stockSizes.note()
      supply.attach()
    },
  })
  const feed: Feed = new Feed({
    ...options.feed,
    ...reportsOf(options),
    onUp: (link, { port, isFlapping }) => {
      events.feedUp({ host: options.feed.host, port, isFlapping })
      supply.linkUp(link)
    },
    onMessages: (messages) => intake.take(messages),
    onDown: (reason, retryMs) => {
      intake.stop()
      supply.linkDown(coverage.linkLost(reason))
      events.feedDown({ reason, retryMs })
    },
    // A recording that is replayed has no dialogs, and its time may stand still until all of its lines are open.
    isDataExpected: () => !('publish' in clock) && supply.lines.isAnyServed && dataIsExpected(nyse, undefined, recorder.nowUs),
  })
  events.on('linesResumed', () => feed.connection.competing(undefined))
  const intake = new Intake({
    assembler,
    onMessage: (messages) => (counts.messages += messages),
    onControl: createControlRouter({
      sessions,
      supply,
      outages: coverage.notices,
      notices,
      connection: feed.connection,
      onEndOfTape,
      onTooFast: () => events.tooFast({ messagesPerSecond: feed.slowDown() }),
    }),
  })
  const budget: LineBudget = joinBudget(options, supply, coverage, feed)
  const discovery: Discovery = joinDiscovery(options, { supply, budget, coverage, stopped })

  const stop = async (): Promise<void> => {
    discovery.stop()
    budget.stop()
    await feed.stop()
    supply.stop()
    intake.stop()
    coverage.stop()
    notices.stop()
    stopped.next()
  }
  return { feed, sessions, coverage, supply, budget, discovery, stockSizes, stop }
}

function joinBudget(options: FeedOptions, supply: LineSupply, coverage: Coverage, feed: Feed): LineBudget {
  const { clock, recorder, state } = options
  return new LineBudget({
    ...options,
    lines: supply.lines,
    settings: options.linePlan,
    priceOf: (instrument) => priceOf(state.of(instrument)),
    newsUs: (line) => coverage.newsUs(line),
    messagesPerSecond: () => feed.messagesPerSecond,
    isAway: (lines) =>
      coverage.outages.isAway || lines.some((line) => line.contract.kind === 'option' && coverage.outages.farmIsAway(line)),
    // On a published time all that is played is to be had.
    isExpected: () => 'publish' in clock || dataIsExpected(nyse, state.lastTickUs, recorder.nowUs),
  })
}

interface DiscoveryParts extends Pick<FeedHalf, 'supply' | 'budget' | 'coverage'> {
  stopped: Subject<void>
}

function joinDiscovery(options: FeedOptions, { supply, budget, coverage, stopped }: DiscoveryParts): Discovery {
  const discovery = new Discovery({
    ...options,
    ...options.universe,
    supply,
    budget,
    startedUs: () => coverage.startedUs,
    ticks: recordedTicks(options.recorder).pipe(takeUntil(stopped)),
    againMs: options.lineDelays?.refusedMs,
  })
  supply.attached$.subscribe(() => discovery.begin())
  return discovery
}

/** Where whole ticks go, and what else the assembler has to say. */
function tickOutput({ supply, ticks, coverage, stockSizes, events }: TickParts): AssemblerOutput {
  return {
    onTick: (tick, arrivalUs) => {
      if (!supply.accepts(tick)) return
      ticks.take(tick, arrivalUs)
      coverage.took(tick)
      stockSizes.note()
    },
    onLineAlive: (reqId) => supply.lines.dataCame(reqId),
    onUnknownLine: () => ticks.takeUnknown(),
    onUnknownType: (tickType) => events.unknownTickType({ tickType }),
  }
}

interface TickParts extends Pick<FeedHalf, 'supply' | 'coverage' | 'stockSizes'> {
  ticks: TickRecorder
  events: Events
}

function assemblerOn(clock: CollectorClock): Assembler {
  const silenceMs = 'publish' in clock ? Number.POSITIVE_INFINITY : SILENCE_MS
  return new Assembler({ silenceMs, usAt: (arrivalMs) => clock.usAt(arrivalMs) })
}

function noticesOf({ events }: FeedOptions): NoticeLog {
  return new NoticeLog({
    log: (code, text, repeated) => events.notice({ code, text, repeated }),
    onRepeated: (code, text) => events.noticeRepeated({ code, text }),
  })
}

/** What the feed only reports. */
function reportsOf({ feed: { host }, events }: FeedOptions) {
  const unreadable = new UnreadableMessages()
  return {
    onLasting: (port) => events.feedUp({ host, port, isFlapping: false, isLasting: true }),
    onListenerError: (error) => events.listenerError({ error }),
    onUnreadable: (what) => events.messageUnreadable({ what, isFirst: unreadable.take(what) }),
    onConnection: (status) => events.connectionChanged(status),
    onImpossible: (error) => events.impossibleTransition({ error }),
  } satisfies Partial<LinkFeedOptions>
}

function recordedTicks(recorder: Recorder): Observable<Tick> {
  return new Observable((subscriber) => recorder.subscribe((record) => isTick(record) && subscriber.next(record)))
}
