/**
 * The lines that are to be open, and those that are: market data of every contract, and tick by tick the trades and the quotes of
 * the underlyings. Knows request ids of the current link only; a new link opens everything again.
 *
 * A line is idle (no link) -> queued -> requested -> open, at the gateway's first sign for it: the type of its data (58), its
 * parameters (81) or data. IB acknowledges no tick-by-tick line, so that one opens with its first tick and nobody waits for it.
 * Requests follow each other as the pacer takes them, in the order of importance. From there a line may become
 *
 *   no-line  the gateway has no market-data line left (101). So many as it did serve are the limit that was learned; a new link is
 *            asked for no more of them, the most important ones. The others are tried again one at a time, at long intervals, because
 *            lines are shared with the watchlists in TWS; each that works raises the limit.
 *   paused   refused for now (a competing session, a broken farm). Its request id stays known: data that comes again opens it.
 *            At intervals it is asked for again under a new id.
 *   refused  until the next link; also by us, when its data is delayed and delayed data is not wanted.
 */

import type { Contract } from '../../market/contract.ts'
import type { LineFeed } from '../../market/tick.ts'
import type { Refusal } from '../ib/codes.ts'

/** What a link does for a line. */
export interface LineOpener {
  newReqId(): number
  /** Resolves when the request was sent. `plain`: without the generic ticks. */
  open(reqId: number, line: WantedLine, plain: boolean): Promise<void>
  close(reqId: number, line: WantedLine): Promise<void>
}

export interface WantedLine {
  instrument: number
  contract: Contract
  /** Absent: market data. */
  feed?: LineFeed
}

export interface SubscriptionsOptions {
  /** The line is asked for: messages with this id are its. */
  onRequested: (reqId: number, line: WantedLine) => void
  /** The line was refused. Data that comes all the same is told as its first. */
  onEnded: (reqId: number, line: WantedLine) => void
  /** Messages with this id are nobody's any more. */
  onReleased: (reqId: number) => void
  onOpened: (line: WantedLine) => void
  /** `untilUs` absent: closed now. */
  onClosed: (line: WantedLine, cause: string, untilUs?: number) => void
  /** Not served until the next link. Without an error it was cancelled by us, because its data is delayed. */
  onRefused: (line: WantedLine, error?: { code: number; text: string }) => void
  /** It is wanted no more. */
  onUnwanted: (line: WantedLine) => void
  /** The gateway serves so many market-data lines at once; `waiting` contracts are without. Told when it has changed. */
  onLimit: (lines: number, waiting: number) => void
  /** The first line was refused for now; none is any more. */
  onPaused: (code: number, text: string) => void
  onResumed: () => void
  /** Every market-data line that was asked for has its answer. */
  onSettled: () => void
  delays?: Partial<typeof DELAYS> | undefined
}

const DELAYS = {
  /** Between attempts to get one more market-data line than the gateway had. */
  lineMs: 300_000,
  /** Between attempts to have a line that is refused for now. */
  pausedMs: 60_000,
  /** IB takes the same tick-by-tick request only once in 15 s. */
  tickByTickMs: 15_000,
}

type State = 'idle' | 'queued' | 'requested' | 'open' | 'no-line' | 'paused' | 'refused'

interface Line extends WantedLine {
  state: State
  reqId: number | undefined
  /** The id before, which was cancelled; data may still be on its way. */
  oldReqId: number | undefined
  plain: boolean
}

/** How many lines are in which state. */
export type LineCounts = Readonly<Record<State, number>>

const none = (): Record<State, number> => ({ idle: 0, queued: 0, requested: 0, open: 0, 'no-line': 0, paused: 0, refused: 0 })

export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #delays: typeof DELAYS
  /** In the order of importance. */
  readonly #lines = new Map<string, Line>()
  readonly #byReqId = new Map<number, Line>()
  readonly #paused = new Set<Line>()
  readonly #marketData = none()
  readonly #tickByTick = none()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** `performance.now()` of the last request for each tick-by-tick line. */
  readonly #askedMs = new Map<string, number>()
  #queue: Line[] = []
  #opener: LineOpener | undefined
  /** Whose queue is being worked off. */
  #asking: LineOpener | undefined
  #limit: number | undefined
  #toldLimit: number | undefined
  /** The line that tries whether there is one more. */
  #probe: Line | undefined

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#delays = { ...DELAYS, ...options.delays }
  }

  get marketData(): LineCounts {
    return this.#marketData
  }

  get tickByTick(): LineCounts {
    return this.#tickByTick
  }

  /** Market-data lines that the gateway has neither accepted nor refused yet. */
  get waiting(): number {
    return this.#marketData.queued + this.#marketData.requested
  }

  /** Market-data lines that the gateway serves at once, when it has fewer than are wanted. */
  get limit(): number | undefined {
    return this.#marketData['no-line'] > 0 ? this.#toldLimit : undefined
  }

  /** Market-data lines, open or not. */
  get wanted(): number {
    return this.#lines.size - Object.values(this.#tickByTick).reduce((sum, lines) => sum + lines, 0)
  }

  /** Wants lines, in this order of importance. Known ones are left as they are. */
  want(lines: readonly WantedLine[]): void {
    for (const wanted of lines) if (!this.#lines.has(lineKey(wanted))) this.#add(wanted)
    void this.#ask()
  }

  /** Wants these lines and no others, in this order of importance. Known ones are left as they are, the others closed for `cause`. */
  wantOnly(lines: readonly WantedLine[], cause: string): void {
    const known = new Map(this.#lines)
    const wanted = new Set(lines.map(lineKey))
    for (const [key, line] of known) if (!wanted.has(key)) this.#drop(key, line, cause)
    this.#lines.clear()
    for (const line of lines) {
      const key = lineKey(line)
      const before = known.get(key)
      if (before) this.#lines.set(key, before)
      else if (!this.#lines.has(key)) this.#add(line)
    }
    this.#fill()
    this.#settle()
  }

  /** Closes the least important of the other market-data lines for `cause`, until `limit`, or what the gateway has, takes these too. */
  makeRoomFor(lines: readonly WantedLine[], limit: number, cause: string): void {
    const keys = new Set(lines.map(lineKey))
    const more = [...keys].filter((key) => !this.#lines.has(key)).length
    const room = more > 0 ? Math.min(limit, this.#limit ?? limit) : limit
    for (const [key, line] of [...this.#lines].reverse())
      if (!line.feed && !keys.has(key) && this.wanted + more > room) this.#drop(key, line, cause)
  }

  linkUp(opener: LineOpener): void {
    this.#opener = opener
    for (const line of this.#lines.values()) this.#enqueue(line)
    void this.#ask()
  }

  /** All lines are closed as of `untilUs`, the last proof that data was flowing. */
  linkDown(cause: string, untilUs: number): void {
    this.stop()
    for (const line of this.#lines.values()) {
      this.#move(line, 'idle', cause, untilUs)
      line.reqId = undefined
      line.oldReqId = undefined
    }
    for (const reqId of this.#byReqId.keys()) this.#options.onReleased(reqId)
    this.#byReqId.clear()
    this.#paused.clear()
    this.#giveUpProbe()
  }

  /** Asks for nothing more. */
  stop(): void {
    this.#opener = undefined
    this.#asking = undefined
    this.#queue = []
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  /** The gateway knows the line: it named the type of its data or its parameters. */
  accepted(reqId: number): void {
    const line = this.#byReqId.get(reqId)
    if (line?.state === 'requested') this.#open(line)
  }

  /** Data has come, the first since the line was asked for or refused. */
  dataCame(reqId: number): void {
    const line = this.#byReqId.get(reqId)
    if (line && line.state !== 'open') this.#open(line)
  }

  /** The market-data line of an instrument is delayed, and delayed data is not wanted. */
  cancelDelayed(instrument: number): void {
    const line = this.#lines.get(lineKey({ instrument }))
    if (!line || !this.#opener || line.reqId === undefined) return
    this.#opener.close(line.reqId, line).catch(() => undefined)
    this.#forgetIds(line)
    this.#move(line, 'refused', 'delayed data is not wanted')
    this.#options.onRefused(line)
    this.#answered(line)
  }

  /** The line behind a request id. */
  lineOf(reqId: number): WantedLine | undefined {
    return this.#byReqId.get(reqId)
  }

  /** The gateway ended or refused the line. */
  refused(reqId: number, code: number, text: string, refusal: Exclude<Refusal, 'part'>): void {
    const line = this.#byReqId.get(reqId)
    if (!line || line.reqId !== reqId) return
    const cause = `refused: ${code}`
    const wasOpen = line.state === 'open'
    if (refusal === 'no-line' && !line.feed) {
      this.#forgetIds(line)
      this.#move(line, 'no-line', cause)
      this.#limit = held(this.#marketData)
      this.#tryLinesLater()
    } else if (refusal === 'for-now' || refusal === 'ask-again') {
      this.#move(line, 'paused', cause)
      this.#options.onEnded(reqId, line)
      if (refusal === 'ask-again' && wasOpen) this.#enqueue(line)
      else this.#pause(line, code, text)
    } else {
      this.#move(line, 'refused', cause)
      this.#options.onEnded(reqId, line)
      this.#options.onRefused(line, { code, text })
    }
    this.#answered(line)
  }

  /** Asks again without generic ticks. False when that was tried already. */
  retryPlain(reqId: number): boolean {
    const line = this.#byReqId.get(reqId)
    if (!line || line.feed || line.plain || line.state !== 'requested') return false
    line.plain = true
    this.#forgetIds(line)
    this.#enqueue(line)
    void this.#ask()
    return true
  }

  #add(wanted: WantedLine): void {
    const line: Line = { ...wanted, state: 'idle', reqId: undefined, oldReqId: undefined, plain: false }
    this.#lines.set(lineKey(line), line)
    this.#countsOf(line).idle++
    if (this.#opener) this.#enqueue(line)
  }

  #drop(key: string, line: Line, cause: string): void {
    this.#lines.delete(key)
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    if (line.reqId !== undefined && line.state !== 'refused') this.#opener?.close(line.reqId, line).catch(() => undefined)
    this.#forgetIds(line)
    this.#move(line, 'idle', cause)
    this.#countsOf(line).idle--
    this.#paused.delete(line)
    if (line === this.#probe) {
      this.#giveUpProbe()
      this.#tryLinesLater()
    }
    this.#options.onUnwanted(line)
  }

  #countsOf(line: Line): Record<State, number> {
    return line.feed ? this.#tickByTick : this.#marketData
  }

  /** `cause`, `untilUs`: of its closing, when it was open. */
  #move(line: Line, state: State, cause = '', untilUs?: number): void {
    const counts = this.#countsOf(line)
    const wasOpen = line.state === 'open'
    counts[line.state]--
    counts[state]++
    line.state = state
    if (wasOpen) this.#options.onClosed(line, cause, untilUs)
  }

  #open(line: Line): void {
    this.#move(line, 'open')
    this.#options.onOpened(line)
    this.#answered(line)
  }

  #enqueue(line: Line): void {
    this.#move(line, 'queued')
    this.#queue.push(line)
  }

  /** Works the queue off, each request when the one before was sent. */
  async #ask(): Promise<void> {
    const opener = this.#opener
    if (!opener || this.#asking) return
    this.#asking = opener
    for (let line = this.#queue.shift(); line; line = this.#queue.shift()) {
      // Data under its old id may have opened it meanwhile.
      if (line.state !== 'queued' || !this.#mayAsk(line)) continue
      try {
        await this.#request(line, opener)
      } catch {
        // A lost link rejects what was waiting in the pacer; the next link asks again.
      }
      if (this.#opener !== opener) return
    }
    this.#asking = undefined
  }

  #mayAsk(line: Line): boolean {
    if (line.feed) {
      const key = lineKey(line)
      const inMs = (this.#askedMs.get(key) ?? Number.NEGATIVE_INFINITY) + this.#delays.tickByTickMs - performance.now()
      if (inMs <= 0) return true
      this.#move(line, 'idle')
      this.#later(key, inMs, () => {
        // Data under its old id may have opened it meanwhile.
        if (line.state === 'idle') this.#enqueue(line)
      })
      return false
    }
    if (this.#limit === undefined || held(this.#marketData) < this.#limit) return true
    this.#move(line, 'no-line')
    this.#tryLinesLater()
    this.#settle()
    return false
  }

  async #request(line: Line, opener: LineOpener): Promise<void> {
    const reqId = opener.newReqId()
    if (line.oldReqId !== undefined) this.#release(line.oldReqId)
    line.oldReqId = line.reqId
    if (line.oldReqId !== undefined) opener.close(line.oldReqId, line).catch(() => undefined)
    line.reqId = reqId
    if (line.feed) this.#askedMs.set(lineKey(line), performance.now())
    this.#byReqId.set(reqId, line)
    this.#move(line, 'requested')
    this.#options.onRequested(reqId, line)
    await opener.open(reqId, line, line.plain)
    // Meanwhile IB has forgotten all lines, and we this id: on the same link, what was sent now is a line of nobody.
    if (this.#opener !== opener) await opener.close(reqId, line)
  }

  #forgetIds(line: Line): void {
    for (const reqId of [line.reqId, line.oldReqId]) if (reqId !== undefined) this.#release(reqId)
    line.reqId = undefined
    line.oldReqId = undefined
  }

  #release(reqId: number): void {
    this.#byReqId.delete(reqId)
    this.#options.onReleased(reqId)
  }

  #pause(line: Line, code: number, text: string): void {
    if (this.#paused.size === 0) this.#options.onPaused(code, text)
    this.#paused.add(line)
    this.#later('paused', this.#delays.pausedMs, () => {
      for (const paused of this.#paused) if (paused.state === 'paused') this.#enqueue(paused)
    })
  }

  /** What follows from the answer to a line's request. */
  #answered(line: Line): void {
    if (line.state !== 'paused' && line.state !== 'queued' && this.#paused.delete(line) && this.#paused.size === 0)
      this.#options.onResumed()
    if (line === this.#probe) {
      this.#probe = undefined
      // There may be more where this one came from.
      if (line.state === 'open' || line.state === 'refused') this.#tryLine()
      else this.#tryLinesLater()
    }
    this.#fill()
    this.#settle()
  }

  #settle(): void {
    if (this.waiting > 0 || !this.#opener) return
    const lines = this.#limit
    const waiting = this.#marketData['no-line']
    if (lines !== undefined && lines !== this.#toldLimit) this.#options.onLimit(lines, waiting)
    this.#toldLimit = lines
    // Nobody waits: how many lines there are beyond these is not known.
    if (waiting === 0) this.#limit = undefined
    this.#options.onSettled()
  }

  #tryLinesLater(): void {
    this.#later('no-line', this.#delays.lineMs, () => this.#tryLine())
  }

  /** Asks for one line more than there are. */
  #tryLine(): void {
    for (const line of this.#lines.values()) {
      if (line.state !== 'no-line') continue
      this.#probe = line
      this.#limit = held(this.#marketData) + this.#marketData.queued + 1
      this.#enqueue(line)
      // Also when this one gets no answer.
      return this.#tryLinesLater()
    }
  }

  /** Whether there is one line more was not learned. */
  #giveUpProbe(): void {
    if (this.#probe && this.#limit !== undefined) this.#limit--
    this.#probe = undefined
  }

  /** Gives lines that have become free to those that wait for one. */
  #fill(): void {
    const { queued, 'no-line': waiting } = this.#marketData
    let free = Math.min(waiting, (this.#limit ?? 0) - held(this.#marketData) - queued)
    if (free > 0) for (const line of this.#lines.values()) if (line.state === 'no-line' && free-- > 0) this.#enqueue(line)
    void this.#ask()
  }

  /** Once for a name until it has happened. */
  #later(name: string, ms: number, act: () => void): void {
    if (this.#timers.has(name) || !this.#opener) return
    const timer = setTimeout(() => {
      this.#timers.delete(name)
      act()
      void this.#ask()
    }, ms)
    this.#timers.set(name, timer)
  }
}

/** Lines that the gateway counts as taken. */
function held({ requested, open, paused }: LineCounts): number {
  return requested + open + paused
}

export function lineKey({ instrument, feed }: Pick<WantedLine, 'instrument' | 'feed'>): string {
  return `${instrument} ${feed ?? ''}`
}
