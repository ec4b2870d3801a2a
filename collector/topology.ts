/**
 * The page to read first: joins the rooms of the collector in the order in which a tick visits them.
 *
 *   feed (link, listeners) -> intake -> assembler (whole ticks per line)
 *     -> recorder (numbered, stamped, judged by the rules) -> journal (group fsync) -> writer (lanes, COPY, commit) -> journal released
 *
 * Beside that path: subscriptions say which lines are open, the outage names what was not covered: from the last proof of life until
 * every line that is wanted is open or refused (or nobody answers for it) and IB itself is there.
 */

import { Subject } from 'rxjs'

import type { Contract } from '../market/contract.ts'
import type { Tick } from '../market/tick.ts'
import type { CollectorClock, GatewayClock } from './record/clock.ts'
import { BrokenFarms, farmOf } from './gaps/farms.ts'
import { Assembler, SILENCE_MS } from './ib/ticks/assemble.ts'
import { Feed, type FeedSettings } from './ib/link/feed.ts'
import {
  CONNECTIVITY_LOST,
  END_OF_TAPE,
  FARM_BROKEN,
  FARM_WORKS,
  refusalOf,
  RESTORED_DATA_KEPT,
  RESTORED_DATA_LOST,
  TWS_SERVER_LINK_BROKEN,
  UNKNOWN_TICKER_ID,
  VALIDATION_FAILED,
} from './ib/codes.ts'
import { Intake } from './ib/ticks/intake.ts'
import type { Link } from './ib/link/link.ts'
import { toIbContract } from './ib/lookup/map-contract.ts'
import type { ControlMessage } from './ib/messages.ts'
import { isDelayedType } from './ib/ticks/tick-types.ts'
import type { Outage } from './gaps/outage.ts'
import type { Recorder } from './record/recorder.ts'
import type { Counts } from './telemetry/counts.ts'
import type { Events } from './telemetry/events.ts'
import { Entitlements } from './lines/entitlements.ts'
import { Subscriptions, type SubscriptionsOptions } from './lines/subscriptions.ts'

/** A published time is in microseconds; the answer to a request for the time is in seconds. */
const FIRST_MICROSECOND_TIME = 1e14
/** The year 2100. A time that is no market's would make a tape that cannot be read. */
const FIRST_ABSURD_TIME_US = Date.UTC(2100, 0) * 1000
/** A difference of the system's clock from the anchored one that begins a new session. */
const MAX_DRIFT_MS = 100
/** After the last request. A line without an answer does not keep the others' hole open, and the report back, for longer. */
const ANSWER_WAIT_MS = 10_000

export interface TopologyOptions {
  feed: FeedSettings
  /** IB's number of the market data type: 1 live … 4 delayed-frozen. */
  marketDataType: number
  genericTicks: readonly number[]
  clock: CollectorClock | GatewayClock
  recorder: Recorder
  outage: Outage
  counts: Counts
  events: Events
  /** The first session has begun, in the same turn. */
  onBegun?: () => void
  /** A link is up and the time is known: find the universe, if it is not known yet. */
  onReady: (link: Link) => void
  /** False while lines are still to be wanted. */
  universeIsKnown: () => boolean
  onEndOfTape: () => void
  lineDelays?: SubscriptionsOptions['delays'] | undefined
}

export interface Topology {
  feed: Feed
  subscriptions: Subscriptions
  entitlements: Entitlements
  /** Every tick as it is recorded, for those who wait for a price. */
  ticks: Subject<Tick>
  /** Begins the recording session. */
  begin(): void
  /** Data is missing from then on. */
  interrupt(fromTsUs: number, cause: string): void
  /** The universe is known and its lines are wanted. */
  universeFound(): void
  /** Ends the feed: everything that has arrived is in the journal's hands. */
  stop(): Promise<void>
}

export function joinRooms(options: TopologyOptions): Topology {
  const { clock, recorder, outage, counts, events } = options
  const ticks = new Subject<Tick>()
  /** The link to the gateway may be up while the gateway has lost IB. */
  let ibIsAway = false
  const farms = new BrokenFarms({
    onBroken: (hole) => recorder.interrupted(hole),
    onMended: (gap) => {
      if (recorder.gap(gap)) events.gap(gap)
    },
  })
  const wantsDelayed = isDelayedType(options.marketDataType)
  const entitlements = new Entitlements()
  let settleTimer: NodeJS.Timeout | undefined
  let stopped = false
  let absurdTimeTold = false
  /** What was told of entitlements; undefined before the first report. */
  let reported: Set<string> | undefined

  const assembler = new Assembler({
    silenceMs: 'publish' in clock ? Number.POSITIVE_INFINITY : SILENCE_MS,
    usAt: (arrivalMs) => clock.usAt(arrivalMs),
    onTick: (tick, arrivalUs) => {
      if (tick.delayed && !wantsDelayed) return subscriptions.cancelDelayed(tick.instrument)
      recorder.tick(tick, arrivalUs)
      if (ticks.observed) ticks.next(tick)
    },
    onLineAlive: (reqId) => subscriptions.dataCame(reqId),
    onUnknownLine: () => recorder.drop('unknown-line'),
    onUnknownType: once(events.unknownTickType),
  })

  const fellBack = new Set<Contract>()
  const subscriptions: Subscriptions = new Subscriptions({
    onRequested: (reqId, line) => {
      entitlements.asked(line)
      assembler.openLine(reqId, line.instrument)
    },
    onEnded: (reqId, { instrument }) => assembler.openLine(reqId, instrument),
    onReleased: (reqId) => assembler.closeLine(reqId),
    onOpened: (line) => {
      entitlements.served(line)
      recorder.lineOpened(line.instrument, line.feed)
    },
    onClosed: ({ instrument, feed }, cause, untilUs) => recorder.lineClosed(instrument, cause, untilUs, feed),
    onRefused: (line, error) => {
      if (!error) return entitlements.refusedDelayed(line)
      entitlements.refused(line, error.code, error.text)
      if (!line.feed) events.lineRefused(line.contract, error.code, error.text)
      else if (!fellBack.has(line.contract)) {
        fellBack.add(line.contract)
        events.tickByTickRefused(line.contract, error.code, error.text)
      }
    },
    onUnwanted: (line) => entitlements.forget(line),
    onLimit: events.lineLimit,
    onPaused: events.linesPaused,
    onResumed: events.linesResumed,
    onSettled: settled,
    delays: options.lineDelays,
  })

  const intake = new Intake({
    assembler,
    onMessage: (messages) => {
      counts.messages += messages
    },
    onControl: takeControl,
  })

  const feed = new Feed({
    ...options.feed,
    onMessages: (messages) => intake.take(messages),
    onDown: (reason, retryMs) => {
      clearTimeout(settleTimer)
      intake.stop()
      // The next link tells of its farms anew.
      farms.end(recorder.nowUs)
      ibIsAway = false
      if (counts.lines > 0) interrupt(recorder.lastProofUs, reason)
      subscriptions.linkDown('link-lost', recorder.lastProofUs)
      events.feedDown(reason, retryMs)
    },
    onListenerError: events.listenerError,
  })

  feed.state$.subscribe((state) => {
    if (state.phase !== 'up') return
    const { link } = state
    events.feedUp(options.feed.host, options.feed.port)
    link.requestMarketDataType(options.marketDataType).catch(() => undefined)
    if (clock.known) ready(link)
  })

  function begin(): void {
    recorder.begin()
    events.sessionBegun(recorder.sessionId, 'start')
    if (outage.open) recorder.interrupted(outage.open)
    options.onBegun?.()
  }

  function interrupt(fromTsUs: number, cause: string): void {
    if (outage.begin(fromTsUs, cause) && recorder.recording) recorder.interrupted({ fromTsUs, cause })
  }

  /** The lines that are wanted are open or refused. Without a link they are neither. */
  function settled(): void {
    if (!options.universeIsKnown() || feed.state$.value.phase !== 'up') return
    if (!ibIsAway) outage.end(recorder.nowUs)
    reportEntitlements()
  }

  function settleSoon(): void {
    if (subscriptions.waiting === 0) settled()
    else settleLater()
  }

  /** A line that is neither served nor refused is not held, and must not keep the hole of the others open for ever. */
  function settleLater(): void {
    clearTimeout(settleTimer)
    if (stopped) return
    settleTimer = setTimeout(
      () => (subscriptions.marketData.queued > 0 || !options.universeIsKnown() ? settleLater() : settled()),
      ANSWER_WAIT_MS,
    )
  }

  /** Told once, and again when there is something new to tell. */
  function reportEntitlements(): void {
    const { rows } = entitlements
    const troubles = rows.flatMap(({ symbol, kind, reasons }) => reasons.map(({ code, text }) => `${symbol} ${kind} ${code} ${text}`))
    if (!reported || troubles.some((trouble) => !reported?.has(trouble))) events.entitlements(rows)
    reported = new Set([...(reported ?? []), ...troubles])
  }

  function ready(link: Link): void {
    followClock()
    entitlements.clear()
    subscriptions.linkUp({
      newReqId: () => link.newReqId(),
      open(reqId, { contract, feed }, plain) {
        if (feed) return link.openTickByTick(reqId, toIbContract(contract), feed === 'tick-by-tick-trades' ? 'trades' : 'quotes')
        return link.openLine(reqId, toIbContract(contract), plain ? '' : options.genericTicks.join(','))
      },
      close: (reqId, { feed }) => (feed ? link.closeTickByTick(reqId) : link.closeLine(reqId)),
    })
    settleLater()
    options.onReady(link)
  }

  function takeControl(message: ControlMessage): void {
    switch (message.type) {
      case 'current-time':
        if (message.value >= FIRST_MICROSECOND_TIME) takePublishedTime(message.value)
        else takeHeartbeat()
        break
      case 'line-accepted':
        takeAcceptance(message.reqId, message.marketDataType)
        break
      case 'error':
        takeError(message.reqId, message.code, message.text)
        break
      case 'notice':
        takeNotice(message.code, message.text)
    }
  }

  function takeAcceptance(reqId: number, marketDataType: number | undefined): void {
    const line = subscriptions.lineOf(reqId)
    if (!line) return
    const delayed = marketDataType === undefined ? undefined : isDelayedType(marketDataType)
    if (delayed && !wantsDelayed) return subscriptions.cancelDelayed(line.instrument)
    if (delayed !== undefined) entitlements.served(line, delayed)
    subscriptions.accepted(reqId)
  }

  function takeError(reqId: number, code: number, text: string): void {
    if (code === UNKNOWN_TICKER_ID) return
    const line = subscriptions.lineOf(reqId)
    const refusal = line && refusalOf(code)
    // A generic tick that does not exist for this kind of contract spoils the whole request; the line matters more.
    if (code === VALIDATION_FAILED && subscriptions.retryPlain(reqId)) events.notice(code, text)
    else if (!refusal) events.notice(code, text)
    else if (refusal === 'part') entitlements.partly(line, code, text)
    else {
      // What is not served for now says nothing of what the account is entitled to.
      if (refusal !== 'until-next-link') entitlements.forget(line)
      subscriptions.refused(reqId, code, text, refusal)
    }
  }

  function takePublishedTime(tsUs: number): void {
    if (!('publish' in clock)) return
    if (!Number.isSafeInteger(tsUs) || tsUs >= FIRST_ABSURD_TIME_US) {
      if (!absurdTimeTold) events.absurdTime(tsUs)
      absurdTimeTold = true
      return
    }
    const first = !clock.known
    const forward = clock.publish(tsUs)
    if (first) {
      begin()
      if (feed.state$.value.phase === 'up') ready(feed.state$.value.link)
    } else if (!forward) rotate('gateway-time-went-back')
    recorder.timeTold()
  }

  function takeHeartbeat(): void {
    if (!recorder.recording || ibIsAway) return
    recorder.alive()
    followClock()
  }

  function followClock(): void {
    const driftMs = clock.driftMs()
    if (Math.abs(driftMs) <= MAX_DRIFT_MS) return
    events.clockStepped(driftMs)
    rotate('clock-step')
  }

  function takeNotice(code: number, text: string): void {
    events.notice(code, text)
    if (code === END_OF_TAPE) return options.onEndOfTape()
    // Nothing is asked for yet that could be missing, and nobody knows what time it is.
    if (!recorder.recording) return
    if (code === CONNECTIVITY_LOST || code === TWS_SERVER_LINK_BROKEN) {
      ibIsAway = true
      interrupt(recorder.lastProofUs, `ib-${code}`)
    } else if (code === FARM_BROKEN) farms.broke(farmOf(text), recorder.lastProofUs)
    else if (code === FARM_WORKS) farms.mended(farmOf(text), recorder.nowUs)
    else if (code === RESTORED_DATA_KEPT) {
      ibIsAway = false
      settleSoon()
    } else if (code === RESTORED_DATA_LOST && feed.state$.value.phase === 'up') {
      // Every subscription is gone on IB's side; the same link opens them again.
      const { link } = feed.state$.value
      ibIsAway = false
      interrupt(recorder.lastProofUs, `ib-${code}`)
      subscriptions.linkDown(`ib-${code}`, recorder.lastProofUs)
      ready(link)
    }
  }

  /** A hole is told in the time of the session in which it began; what is left of it is another one, in the next session's. */
  function rotate(cause: string): void {
    const hole = outage.open
    const { nowUs, lastProofUs } = recorder
    outage.end(nowUs)
    const broken = farms.end(nowUs)
    recorder.rotate(cause).catch(events.fatal)
    events.sessionBegun(recorder.sessionId, cause)
    for (const farm of broken) farms.broke(farm, recorder.nowUs)
    if (hole) return interrupt(Math.min(nowUs, recorder.nowUs), hole.cause)
    // A step forward skips time that nobody recorded.
    outage.begin(lastProofUs, cause)
    outage.end(recorder.nowUs)
  }

  return {
    feed,
    subscriptions,
    ticks,
    begin,
    interrupt,
    entitlements,
    universeFound: settleSoon,
    async stop() {
      stopped = true
      clearTimeout(settleTimer)
      await feed.stop()
      subscriptions.stop()
      intake.stop()
      farms.end(recorder.nowUs)
      ticks.complete()
    },
  }
}

function once<T>(act: (value: T) => void): (value: T) => void {
  const seen = new Set<T>()
  return (value) => {
    if (seen.has(value)) return
    seen.add(value)
    act(value)
  }
}
