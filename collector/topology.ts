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
 * of their own (detect/join.ts). The parts that are of the lines of one connection alone are joined in connection.ts.
 */

import { Observable, Subject, takeUntil } from 'rxjs'

import { POLICIES_REACH_US } from '../db/schema/storage/bars/index.ts'
import { MarketState } from '../market/state/market-state.ts'
import { isTick, type Tick } from '../market/tick.ts'
import { type Connection, type FeedOptions, joinConnection, type Shared } from './connection.ts'
import { GapLedger } from './gaps/ledger.ts'
import type { JournalBound } from './journal/bound.ts'
import type { CollectorFile } from './journal/collector-file.ts'
import type { Housekeeping } from './journal/housekeeping.ts'
import { Journal, type JournalSettings } from './journal/journal.ts'
import type { KnownSessions, LeftBehind } from './journal/left-behind.ts'
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

export interface FeedHalf extends Connection {
  sessions: Sessions
  discovery: Discovery
  stockSizes: StockSizeWatch
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
  const connection = joinConnection(options, { ticks, stockSizes, sessions })
  const { feed, coverage, supply, budget, intake, notices } = connection
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
  return { ...connection, sessions, discovery, stockSizes, stop }
}

interface DiscoveryParts extends Pick<Connection, 'supply' | 'budget' | 'coverage'> {
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

function recordedTicks(recorder: Recorder): Observable<Tick> {
  return new Observable((subscriber) => recorder.subscribe((record) => isTick(record) && subscriber.next(record)))
}
