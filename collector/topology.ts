/**
 * The page to read first: joins the rooms of the collector in the order in which a tick visits them.
 *
 *   feed (link, listeners) -> intake -> assembler (whole ticks per line)
 *     -> recorder (numbered, stamped, judged by the rules) -> journal (group fsync) -> writer (lanes, COPY, commit) -> journal released
 *
 * Beside that path: subscriptions say which lines are open, the outage names what was not covered: from the last proof of life until
 * every line that is wanted is open and IB itself is there.
 */

import { Subject } from 'rxjs'

import type { Tick } from '../market/tick.ts'
import type { CollectorClock, GatewayClock } from './clock.ts'
import { Assembler, SILENCE_MS } from './ib/assemble.ts'
import { Feed, type FeedSettings } from './ib/feed.ts'
import {
  CONNECTIVITY_LOST,
  END_OF_TAPE,
  endsLine,
  LINES_EXCEEDED,
  RESTORED_DATA_KEPT,
  RESTORED_DATA_LOST,
  TWS_SERVER_LINK_BROKEN,
  VALIDATION_FAILED,
} from './ib/ib-errors.ts'
import { Intake } from './ib/intake.ts'
import type { Link } from './ib/link.ts'
import { toIbContract } from './ib/map-contract.ts'
import type { ControlMessage } from './ib/messages.ts'
import type { Outage } from './outage.ts'
import type { Recorder } from './recorder.ts'
import type { Counts } from './telemetry/counts.ts'
import type { Events } from './telemetry/events.ts'
import { Subscriptions } from './universe/subscriptions.ts'

/** A published time is in microseconds; the answer to a request for the time is in seconds. */
const FIRST_MICROSECOND_TIME = 1e14
/** A difference of the system's clock from the anchored one that begins a new session. */
const MAX_DRIFT_MS = 100

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
  /** A link is up and the time is known: find the universe, if it is not known yet. */
  onReady: (link: Link) => void
  /** False while lines are still to be wanted. */
  universeIsKnown: () => boolean
  onEndOfTape: () => void
}

export interface Topology {
  feed: Feed
  subscriptions: Subscriptions
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

  const assembler = new Assembler({
    silenceMs: 'publish' in clock ? Number.POSITIVE_INFINITY : SILENCE_MS,
    usAt: (arrivalMs) => clock.usAt(arrivalMs),
    onTick: (tick, arrivalUs) => {
      recorder.tick(tick, arrivalUs)
      if (ticks.observed) ticks.next(tick)
    },
    onUnknownLine: () => recorder.drop('unknown-line'),
    onUnknownType: once(events.unknownTickType),
  })

  const subscriptions = new Subscriptions({
    onRequested: (reqId, instrument) => assembler.openLine(reqId, instrument),
    onOpened: (instrument) => {
      recorder.lineOpened(instrument)
      endOutage()
    },
    onClosed: (reqId, instrument, cause, untilUs) => {
      assembler.closeLine(reqId)
      recorder.lineClosed(instrument, cause, untilUs)
    },
    onRefused: (contract, code, text) => {
      events.lineRefused(contract, code, text)
      endOutage()
    },
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
      intake.stop()
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
  }

  function interrupt(fromTsUs: number, cause: string): void {
    if (outage.begin(fromTsUs, cause) && recorder.recording) recorder.interrupted({ fromTsUs, cause })
  }

  function endOutage(): void {
    if (!ibIsAway && subscriptions.waiting === 0 && options.universeIsKnown()) outage.end(recorder.nowUs)
  }

  function ready(link: Link): void {
    followClock()
    const generic = options.genericTicks.join(',')
    subscriptions.linkUp({
      newReqId: () => link.newReqId(),
      open: (reqId, contract, plain) => link.openLine(reqId, toIbContract(contract), plain ? '' : generic),
    })
    options.onReady(link)
  }

  function takeControl(message: ControlMessage): void {
    switch (message.type) {
      case 'current-time':
        if (message.value >= FIRST_MICROSECOND_TIME) takePublishedTime(message.value)
        else takeHeartbeat()
        break
      case 'line-accepted':
        subscriptions.accepted(message.reqId)
        break
      case 'error':
        takeError(message.reqId, message.code, message.text)
        break
      case 'notice':
        takeNotice(message.code, message.text)
    }
  }

  function takeError(reqId: number, code: number, text: string): void {
    // A generic tick that does not exist for this kind of contract spoils the whole request; the line matters more.
    if (code === VALIDATION_FAILED && subscriptions.retryPlain(reqId)) events.notice(code, text)
    else if (endsLine(code)) subscriptions.refused(reqId, code, text, code === LINES_EXCEEDED)
    else events.notice(code, text)
  }

  function takePublishedTime(tsUs: number): void {
    if (!('publish' in clock)) return
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
    if (code === END_OF_TAPE) options.onEndOfTape()
    else if (code === CONNECTIVITY_LOST || code === TWS_SERVER_LINK_BROKEN) {
      ibIsAway = true
      interrupt(recorder.lastProofUs, `ib-${code}`)
    } else if (code === RESTORED_DATA_KEPT) {
      ibIsAway = false
      endOutage()
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
    recorder.rotate(cause).catch(events.fatal)
    events.sessionBegun(recorder.sessionId, cause)
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
    universeFound: endOutage,
    async stop() {
      await feed.stop()
      intake.stop()
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
