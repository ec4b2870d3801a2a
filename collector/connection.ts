/**
 * The connection to a gateway with all that is of its lines alone: feed, intake, assembler, coverage, lines and their budget. What is there
 * once, however many connections there are, is in topology.ts. Pure wiring, as there.
 */

import { nyse } from '../market/calendar/calendar.ts'
import type { MarketState } from '../market/state/market-state.ts'
import type { StatedUnit } from '../market/stock-sizes/detector.ts'
import { createControlRouter } from './control-messages.ts'
import { Coverage } from './gaps/coverage.ts'
import type { GapLedger } from './gaps/ledger.ts'
import { Feed, type FeedOptions as LinkFeedOptions, type FeedSettings } from './ib/link/feed.ts'
import { noteDataBack } from './ib/link/gateway-notices.ts'
import { NoticeLog } from './ib/notice-log.ts'
import { UnreadableMessages } from './ib/unreadable.ts'
import { Assembler, type AssemblerOutput, SILENCE_MS } from './ib/ticks/assemble.ts'
import { Intake } from './ib/ticks/intake.ts'
import type { LineDelays } from './lines/ask-again.ts'
import { LineBudget } from './lines/budget.ts'
import { LineSupply } from './lines/line-supply.ts'
import type { PlanSettings } from './lines/plan/state.ts'
import { priceOf } from './lines/price.ts'
import type { CollectorClock, GatewayClock } from './record/clock.ts'
import type { TickRecorder } from './record/record-tick.ts'
import type { Recorder } from './record/recorder.ts'
import type { Sessions } from './record/sessions.ts'
import type { StockSizeWatch } from './record/stock-sizes.ts'
import { dataIsExpected } from './telemetry/data-flow.ts'
import type { Counts } from './telemetry/counts.ts'
import type { Events } from './telemetry/events/index.ts'
import type { ChainFile } from './universe/chain-file.ts'
import type { DiscoverySettings } from './universe/discovery.ts'
import type { StoredActivity } from './universe/stored-activity.ts'

export interface Shared {
  counts: Counts
  events: Events
  clock: CollectorClock | GatewayClock
  /** The program is in a state that must not be: the recording has to end. */
  onBroken: (error: unknown) => void
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
  /** What the database knows of options; absent: nothing is asked of it. */
  storedActivity?: StoredActivity | undefined
  /** `performance.now()` when recording was asked for. */
  startedMs: number
  /** The first session has begun, in the same turn. */
  onBegun: () => void
  onEndOfTape: () => void
}

/** A connection to a gateway, and what is of its lines alone. */
export interface Connection {
  feed: Feed
  coverage: Coverage
  supply: LineSupply
  budget: LineBudget
  notices: NoticeLog
  intake: Intake
}

/** What is there once, however many connections there are. */
interface Once {
  ticks: TickRecorder
  stockSizes: StockSizeWatch
  sessions: Sessions
}

export function joinConnection(options: FeedOptions, { ticks, stockSizes, sessions }: Once): Connection {
  const { clock, events, recorder } = options
  const coverage: Coverage = new Coverage({
    ...options,
    supply: () => supply,
    onDataBack: (farm) => noteDataBack(feed.connection, farm),
  })
  const assembler = assemblerOn(clock)
  const notices = noticesOf(options)
  const supply: LineSupply = new LineSupply({
    ...options,
    assembler,
    coverage,
    notices,
    delays: options.lineDelays,
    onResumed: () => feed.connection.competing(undefined),
  })
  assembler.connect(tickOutput({ supply, ticks, coverage, stockSizes, events }))
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
  const intake = joinIntake(options, { assembler, sessions, supply, coverage, notices, feed })
  const budget = joinBudget(options, { supply, coverage, feed })
  return { feed, coverage, supply, budget, notices, intake }
}

type IntakeParts = Pick<Connection, 'supply' | 'coverage' | 'notices' | 'feed'> & { assembler: Assembler; sessions: Sessions }

function joinIntake({ counts, events, onEndOfTape }: FeedOptions, parts: IntakeParts): Intake {
  const { assembler, sessions, supply, coverage, notices, feed } = parts
  return new Intake({
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
}

function joinBudget(options: FeedOptions, { supply, coverage, feed }: Pick<Connection, 'supply' | 'coverage' | 'feed'>): LineBudget {
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

interface TickParts extends Pick<Connection, 'supply' | 'coverage'>, Pick<Once, 'stockSizes'> {
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
