/**
 * A connection to a gateway with all that is of its lines alone: feed, intake, assembler, coverage, lines, budget. There may be several,
 * which record into one tape; what they have in common is in topology.ts. Pure wiring, as there.
 */

import { nyse } from '../market/calendar/calendar.ts'
import type { MarketState } from '../market/state/market-state.ts'
import type { StatedUnit } from '../market/stock-sizes/detector.ts'
import { createControlRouter } from './control-messages.ts'
import { ConnectionGaps } from './gaps/connection-gaps.ts'
import { Coverage } from './gaps/coverage.ts'
import type { GapLedger } from './gaps/ledger.ts'
import { Feed, type FeedOptions as LinkFeedOptions, type FeedSettings } from './ib/link/feed.ts'
import { noteDataBack } from './ib/link/gateway-notices.ts'
import { NoticeLog } from './ib/notice-log.ts'
import { UnreadableMessages } from './ib/unreadable.ts'
import { Assembler, type AssemblerOutput, SILENCE_MS } from './ib/ticks/assemble.ts'
import { Intake } from './ib/ticks/intake.ts'
import type { LineDelays } from './lines/ask-again.ts'
import { LineBudget, type LineBudgetOptions } from './lines/budget.ts'
import { LineDivision } from './lines/division.ts'
import { LineSupply } from './lines/line-supply.ts'
import type { PlanSettings } from './lines/plan/state.ts'
import { priceOf } from './lines/price.ts'
import { Seen } from './lines/seen.ts'
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

export type ConnectionSettings = Pick<FeedSettings, 'host' | 'port' | 'clientId' | 'lines'>

export interface FeedOptions extends Shared {
  recorder: Recorder
  state: MarketState
  ledger: GapLedger
  feed: FeedSettings
  /** Further connections, which differ in these. */
  others?: readonly ConnectionSettings[] | undefined
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
  /** For people: `host:port`, with the client id where that is the same of two. */
  name: string
  host: string
  clientId: number
  /** Since when there is a link or none, in milliseconds since 1970, and why there is none. */
  seen: { connectedAtMs?: number | undefined; lostAtMs?: number; feedFault?: string | undefined }
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

/** What tells a connection from the others. */
interface OneOfSeveral {
  name: string
  gaps: ConnectionGaps
  budget: NonNullable<LineBudgetOptions['shared']>
}

/** What several connections have in common, and what each of them has of its own in place of that. */
export function joinSeveral(options: FeedOptions, settings: readonly FeedSettings[]) {
  const { events, recorder, ledger } = options
  const seen = new Seen({ recorder, ledger })
  const names = namesOf(settings)
  const connections: Connection[] = []
  const gaps: ConnectionGaps[] = []
  let division: LineDivision | undefined
  for (const [i, name] of names.entries())
    gaps.push(new ConnectionGaps({ name, ledger, recorder, siblings: gaps, lines: () => (connections[i] as Connection).supply.lines }))
  return {
    shift(byUs: number): void {
      for (const one of gaps) one.shift(byUs)
      seen.shift(byUs)
    },
    /** The recording ends. */
    end(): void {
      for (const one of gaps) one.end(recorder.nowUs)
    },
    partOf(i: number): OneOfSeveral {
      const name = names[i] as string
      return { name, gaps: gaps[i] as ConnectionGaps, budget: { seen, isElsewhere: (one) => division?.isElsewhere(one, name) ?? false } }
    },
    divide(all: readonly Connection[]): LineDivision {
      connections.push(...all)
      division = new LineDivision({
        connections: all.map(({ name, supply, budget, coverage }) => ({ name, supply, budget, ibIsAway: () => coverage.notices.isAway })),
        lines: settings.map(({ lines }) => lines),
        recorder,
        onMoved: (moved) => events.linesMoved(moved),
        delays: options.lineDelays,
      })
      return division
    },
  }
}

function namesOf(settings: readonly FeedSettings[]): string[] {
  const places = settings.map(({ host, port }) => `${host}:${port}`)
  const isTwice = (place: string) => places.filter((other) => other === place).length > 1
  return settings.map(({ host, port, clientId }) => `${host}:${port}${isTwice(`${host}:${port}`) ? ` client ${clientId}` : ''}`)
}

export function joinConnection(shared: FeedOptions, { ticks, stockSizes, sessions }: Once, part: OneOfSeveral | undefined): Connection {
  const { clock, recorder } = shared
  const events = part ? shared.events.of(part.name) : shared.events
  const options = { ...shared, events }
  const taken = { received: 0 }
  const seen: Connection['seen'] = {}
  const coverage: Coverage = new Coverage({
    ...options,
    counts: taken,
    ...(part && { ledger: part.gaps, isOneOfSeveral: true }),
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
    ...(part && { lostCause: `link-lost (${part.name})` }),
    onResumed: () => feed.connection.competing(undefined),
  })
  assembler.connect(tickOutput({ supply, ticks, coverage, stockSizes, events, taken }))
  const feed: Feed = new Feed({
    ...options.feed,
    ...reportsOf(options),
    onUp: (link, { port, isFlapping }) => {
      Object.assign(seen, { connectedAtMs: Date.now(), feedFault: undefined })
      events.feedUp({ host: options.feed.host, port, isFlapping })
      supply.linkUp(link)
    },
    onMessages: (messages) => intake.take(messages),
    onDown: (reason, retryMs) => {
      if (seen.connectedAtMs !== undefined) seen.lostAtMs = Date.now()
      Object.assign(seen, { connectedAtMs: undefined, feedFault: reason })
      intake.stop()
      supply.linkDown(coverage.linkLost(reason))
      events.feedDown({ reason, retryMs })
    },
    // A recording that is replayed has no dialogs, and its time may stand still until all of its lines are open.
    isDataExpected: () => !('publish' in clock) && supply.lines.isAnyServed && dataIsExpected(nyse, undefined, recorder.nowUs),
  })
  const intake = joinIntake(options, { assembler, sessions, supply, coverage, notices, feed })
  const budget = joinBudget(options, { supply, coverage, feed }, part)
  const { host, port, clientId } = options.feed
  const name = part?.name ?? `${host}:${port}`
  return { name, host, clientId, seen, feed, coverage, supply, budget, notices, intake }
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
      onAlive: () => coverage.alive(),
      onEndOfTape,
      onTooFast: () => events.tooFast({ messagesPerSecond: feed.slowDown() }),
    }),
  })
}

function joinBudget(
  options: FeedOptions,
  { supply, coverage, feed }: Pick<Connection, 'supply' | 'coverage' | 'feed'>,
  part: OneOfSeveral | undefined,
): LineBudget {
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
    // On a published time all that is played is to be had. A stock trades hours before its options do: what it has says nothing of them.
    isExpected: () => 'publish' in clock || dataIsExpected(nyse, optionNewsUs({ supply, coverage }), recorder.nowUs),
    ...(part && { shared: part.budget }),
  })
}

/** The latest news of any option that has a line. */
function optionNewsUs({ supply, coverage }: Pick<Connection, 'supply' | 'coverage'>): number | undefined {
  let latestUs = 0
  for (const line of supply.lines.all) if (line.contract.kind === 'option') latestUs = Math.max(latestUs, coverage.newsUs(line))
  return latestUs || undefined
}

/** Where whole ticks go, and what else the assembler has to say. */
function tickOutput({ supply, ticks, coverage, stockSizes, events, taken }: TickParts): AssemblerOutput {
  return {
    onTick: (tick, arrivalUs) => {
      if (!supply.accepts(tick)) return
      taken.received++
      ticks.take(tick, arrivalUs)
      coverage.took(tick)
      stockSizes.note()
    },
    onLineAlive: (reqId) => supply.lines.dataCame(reqId),
    onUnknownLine: () => {
      taken.received++
      ticks.takeUnknown()
    },
    onUnknownType: (tickType) => events.unknownTickType({ tickType }),
  }
}

interface TickParts extends Pick<Connection, 'supply' | 'coverage'>, Pick<Once, 'stockSizes'> {
  ticks: TickRecorder
  events: Events
  /** Of this connection. */
  taken: { received: number }
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
