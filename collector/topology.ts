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
 *
 * Feed, coverage, supply and budget belong to one connection (connection.ts). Where there are several, `LineDivision` shares the universe
 * among them; all the rest is there once.
 */

import { Observable, Subject, takeUntil } from 'rxjs'

import { POLICIES_REACH_US } from '../db/schema/storage/bars/index.ts'
import { MarketState } from '../market/state/market-state.ts'
import { isTick, type Tick } from '../market/tick.ts'
import { type Connection, type FeedOptions, joinConnection, joinSeveral, type Shared } from './connection.ts'
import type { Coverage } from './gaps/coverage.ts'
import { GapLedger } from './gaps/ledger.ts'
import type { JournalBound } from './journal/bound.ts'
import type { CollectorFile } from './journal/collector-file.ts'
import type { Housekeeping } from './journal/housekeeping.ts'
import { Journal, type JournalSettings } from './journal/journal.ts'
import type { KnownSessions, LeftBehind } from './journal/left-behind.ts'
import type { LineDivision, UniverseBudget, UniverseSupply } from './lines/division.ts'
import { createTickRecorder } from './record/record-tick.ts'
import { type Judge, Recorder } from './record/recorder.ts'
import { Sessions } from './record/sessions.ts'
import { StockSizeWatch } from './record/stock-sizes.ts'
import type { CommitLag } from './telemetry/commit-lag.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { Discovery } from './universe/discovery.ts'
import { Ending } from './write/ending.ts'
import { LateTicks, type LateTicksOptions } from './write/late-ticks.ts'
import { preparedStore } from './write/prepared-store.ts'
import { Writer, type WriterOptions } from './write/writer.ts'

export type { FeedOptions }

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

/** `feed`, `coverage`, `supply` and `budget` are of the first connection. */
export interface FeedHalf extends Pick<Connection, 'feed' | 'coverage' | 'supply' | 'budget'> {
  connections: readonly Connection[]
  /** Undefined with one connection. */
  division: LineDivision | undefined
  sessions: Sessions
  discovery: Discovery
  stockSizes: StockSizeWatch
  /** See LineBudget. */
  wish(of: string, instruments: readonly number[]): void
  start(): void
  /** Ends the feed: everything that has arrived is in the journal's hands. */
  stop(): Promise<void>
}

/** The first half: from the socket to the recorder. */
export function joinFeed(options: FeedOptions): FeedHalf {
  const { events, clock, recorder, ledger, onBroken, onBegun } = options
  const stopped = new Subject<void>()
  const ticks = createTickRecorder(recorder, ledger, clock)
  const stockSizes = new StockSizeWatch({ recorder, events, stated: options.stockSizes })
  const sessions: Sessions = new Sessions({
    clock,
    recorder,
    ledger,
    events,
    onBroken,
    onShifted: (byUs) => {
      for (const { coverage } of connections) coverage.shifted(byUs)
      several?.shift(byUs)
      discovery.shift(byUs)
      for (const { budget } of connections) budget.shift(byUs)
      stockSizes.note()
    },
    onBegun: () => {
      for (const { coverage } of connections) coverage.begun()
      onBegun()
      stockSizes.note()
      for (const { supply } of connections) supply.attach()
    },
  })
  const once = { ticks, stockSizes, sessions }
  const settings = [options.feed, ...(options.others ?? []).map((other) => ({ ...options.feed, ...other }))]
  const several = settings.length > 1 ? joinSeveral(options, settings) : undefined
  const connections = settings.map((feed, i) => joinConnection({ ...options, feed }, once, several?.partOf(i)))
  const [first] = connections as [Connection]
  const division = several?.divide(connections)
  const discovery: Discovery = joinDiscovery(options, { ...first, ...(division && { supply: division, budget: division }), stopped })
  for (const { supply } of connections) supply.attached$.subscribe(() => discovery.begin())

  const wish = (of: string, instruments: readonly number[]): void => {
    for (const { budget } of connections) budget.wish(of, instruments)
  }
  const start = (): void => {
    for (const { feed } of connections) feed.start()
    division?.start()
  }
  const stop = async (): Promise<void> => {
    discovery.stop()
    division?.stop()
    for (const { budget } of connections) budget.stop()
    await Promise.all(connections.map(({ feed }) => feed.stop()))
    for (const { supply, intake, coverage, notices } of connections) {
      supply.stop()
      intake.stop()
      coverage.stop()
      notices.stop()
    }
    several?.end()
    stopped.next()
  }
  const { feed, coverage, supply, budget } = first
  return { connections, division, feed, coverage, supply, budget, sessions, discovery, stockSizes, wish, start, stop }
}

interface DiscoveryParts {
  supply: UniverseSupply
  budget: UniverseBudget
  coverage: Coverage
  stopped: Subject<void>
}

function joinDiscovery(options: FeedOptions, { supply, budget, coverage, stopped }: DiscoveryParts): Discovery {
  return new Discovery({
    ...options,
    ...options.universe,
    supply,
    budget,
    startedUs: () => coverage.startedUs,
    ticks: recordedTicks(options.recorder).pipe(takeUntil(stopped)),
    againMs: options.lineDelays?.refusedMs,
  })
}

function recordedTicks(recorder: Recorder): Observable<Tick> {
  return new Observable((subscriber) => recorder.subscribe((record) => isTick(record) && subscriber.next(record)))
}
