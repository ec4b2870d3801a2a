/**
 * A line: the market data of one contract, or its trades or quotes tick by tick, and the state of its request.
 *
 *   idle     wanted; there is no link, or a tick-by-tick request must wait because IB takes the same one only once in 15 s
 *   queued   waits for its turn in the pacer
 *   asked    the request was sent, and has no answer yet
 *   open     the gateway serves it: it named the type of its data (58), its parameters (81), or sent data. IB acknowledges no
 *            tick-by-tick line, so that one opens with its first tick
 *   silent   served as far as is known, and in doubt: data came after a refusal, which may have been on its way already, or the
 *            gateway has lost and found IB since the last data
 *   paused   refused for now (a competing session, a broken farm)
 *   no-line  the gateway has no market-data line left for it (101)
 *   refused  not served; also by us, when its data is delayed and delayed data is not wanted
 *
 * Whether the tape says that the line is open (`held`) is a question of its own: data opens it in every state in which its request
 * id is known, and it closes when the gateway ends the line or we ask for it again. An answer opens it too, ahead of its data; when the
 * data does not follow, the watchdog (gaps/watchdog.ts) closes it as of that answer, and from then on only data opens it.
 */

import type { Contract } from '../../market/contract.ts'
import type { LineFeed } from '../../market/tick.ts'

export interface WantedLine {
  instrument: number
  contract: Contract
  /** Absent: market data. */
  feed?: LineFeed
  /** Since when it is wanted, in the market's time; absent: now. */
  wantedUs?: number
  /** It is seen from time to time (budget.ts): that it is not open yet is no gap. */
  isSampled?: boolean
}

const STATES = ['idle', 'queued', 'asked', 'open', 'silent', 'paused', 'no-line', 'refused'] as const

type LineState = (typeof STATES)[number]

/** How many lines are in which state. */
export type LineCounts = Readonly<Record<LineState, number>>

/**
 * `enqueue`: it is to be asked for; `defer`: its turn came too early; `send`: the request goes out; `answer`: the gateway serves it;
 * `straggle`: data came after a refusal; `doubt`: whether it still lives is not known; `pause`, `refuse`, `full`: the gateway refused
 * it for now, until further notice, or for want of a line; `reset`: the link is gone, or the line is not wanted any more.
 */
type LineEvent = 'enqueue' | 'defer' | 'send' | 'answer' | 'straggle' | 'doubt' | 'pause' | 'refuse' | 'full' | 'reset'

/** An error for its request id may meet a line in any state in which it has one. */
const REFUSALS = { pause: 'paused', refuse: 'refused', full: 'no-line' } as const

/** from -> event -> to. What is not here is impossible. */
const TRANSITIONS: Readonly<Record<LineState, Partial<Record<LineEvent, LineState>>>> = {
  idle: { ...REFUSALS, enqueue: 'queued', straggle: 'silent', reset: 'idle' },
  queued: { ...REFUSALS, send: 'asked', defer: 'idle', reset: 'idle' },
  asked: { ...REFUSALS, answer: 'open', enqueue: 'queued', reset: 'idle' },
  open: { ...REFUSALS, doubt: 'silent', reset: 'idle' },
  silent: { ...REFUSALS, answer: 'open', enqueue: 'queued', reset: 'idle' },
  paused: { ...REFUSALS, enqueue: 'queued', straggle: 'silent', reset: 'idle' },
  'no-line': { enqueue: 'queued', reset: 'idle' },
  refused: { ...REFUSALS, enqueue: 'queued', straggle: 'silent', reset: 'idle' },
}

/** Why a silent line is in doubt. */
interface Doubt {
  /** Becomes the cause of its closing. */
  cause: string
  /** `performance.now()` when it arose. */
  sinceMs: number
  /** Data that comes so much later ends it. */
  trustAfterMs: number
  /** Time without such data after which the line is asked for again. */
  askAfterMs: number
}

export class Line implements WantedLine {
  readonly instrument: number
  /** As it was looked up last: IB lists the hours of a few days. */
  contract: Contract
  readonly feed?: LineFeed
  readonly isSampled: boolean
  /** Its place in the order of importance; lower is more important. */
  rank: number
  wantedUs: number
  reqId: number | undefined
  /** The id before, which was cancelled; data may still be on its way. */
  oldReqId: number | undefined
  /** Asked for without generic ticks. */
  plain = false
  /** The tape says that it is open. */
  held = false
  /** When the tape began to say so, in the market's time. */
  heldSinceUs = 0
  /** Data has come since then, be it only what is recorded already: the last trade, once more. */
  hasData = false
  /** It was taken for dead: an answer to its request does not open it on the tape any more, only data does. */
  needsData = false
  doubt: Doubt | undefined
  /** The last moment at which a line that is in doubt was known to live, in the market's time. */
  provenUs: number | undefined
  /** It was open once, on this link or an earlier one. */
  wasServed = false
  /** `performance.now()` when its request left the pacer; undefined until then, and without a link. */
  sentMs: number | undefined
  /** `performance.now()` of the answer that opened it. */
  openedMs = 0
  /** Requests without an answer, in a row. */
  unanswered = 0
  /** How often it was asked for again since it was refused. */
  retries = 0
  /** Asking again would not change the answer. */
  isFinal = false
  /** IB's number of the refusal that stands. */
  refusalCode: number | undefined
  /** Asks for it again. */
  timer: NodeJS.Timeout | undefined
  #state: LineState = 'idle'

  constructor({ instrument, contract, feed, wantedUs = 0, isSampled = false }: WantedLine, rank: number) {
    this.instrument = instrument
    this.isSampled = isSampled
    this.contract = contract
    if (feed) this.feed = feed
    this.wantedUs = wantedUs
    this.rank = rank
  }

  get state(): LineState {
    return this.#state
  }

  get key(): string {
    return lineKey(this)
  }

  /** Goes on to the next state and keeps the counts. Throws an Error, and stays where it is, when that is impossible. */
  move(event: LineEvent, counts: Record<LineState, number>): void {
    const next = TRANSITIONS[this.#state][event]
    if (!next) throw new Error(`A line cannot ${event} from ${this.#state} (${this.contract.symbol}, ${this.feed ?? 'market data'}).`)
    counts[this.#state]--
    counts[next]++
    this.#state = next
  }

  /** The market's clock was set: its times lie so much ahead of those before. */
  shift(byUs: number): void {
    this.wantedUs += byUs
    this.heldSinceUs += byUs
    if (this.provenUs !== undefined) this.provenUs += byUs
  }

  /** A new link knows nothing of what the one before has answered. */
  forgetAnswers(): void {
    this.doubt = undefined
    this.provenUs = undefined
    this.needsData = false
    this.unanswered = 0
    this.retries = 0
    this.isFinal = false
    this.refusalCode = undefined
  }
}

export function lineKey({ instrument, feed }: Pick<WantedLine, 'instrument' | 'feed'>): string {
  return `${instrument} ${feed ?? ''}`
}

export function noLines(): Record<LineState, number> {
  return Object.fromEntries(STATES.map((state) => [state, 0])) as Record<LineState, number>
}

/** Lines that the gateway counts as taken. */
export function takenLines({ asked, open, silent, paused }: LineCounts): number {
  return asked + open + silent + paused
}

export type { LineEvent, LineState }
