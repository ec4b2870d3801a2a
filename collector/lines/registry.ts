/**
 * The one owner of lines: which are wanted, by instrument and feed and by request id, and what the gateway made of each. The states
 * of a line and what is possible between them are in line.ts.
 *
 * It knows the request ids of the current link only; a new link asks for everything again. Requests go out through the queue
 * (queue.ts), as many as the gateway serves (limit-probe.ts). On a link that lives, no line stays dead for want of asking (ask-again.ts):
 *
 *   no answer             asked for again after 10 s, 30 s, and then every minute
 *   paused                asked for again every minute
 *   data after a refusal  recorded, and doubted: unless it keeps coming, the line is asked for again after a minute
 *   refused               asked for again three times, when it was served before or its symbol is; then final until the next link
 *   IB lost and found     what has no answer is asked for at once, what is open and stays silent after 10 s
 */

import type { Contract } from '../../market/contract.ts'
import { isForWantOfTickByTickLine, type Refusal, TICK_BY_TICK_FULL } from '../ib/codes.ts'
import { afterOutage, DELAYS, type LineDelays, noteRefusal } from './ask-again.ts'
import { LimitProbe } from './limit-probe.ts'
import { LineActions } from './line-actions.ts'
import { LineTable } from './line-table.ts'
import { type Line, type LineCounts, lineKey, type WantedLine } from './line.ts'
import { type LineOpener, RequestQueue } from './queue.ts'
import type { LineExchange, LineRegistryOptions, LinesInDoubt } from './registry-options.ts'
import { TickByTickLimit } from './tick-by-tick-limit.ts'

const DELAYED_CAUSE = 'delayed data is not wanted'
const RENUMBERED_CAUSE = 'contract-renumbered'
/** As the watchdog has it. */
const NO_DATA_CAUSE = 'no-data'

export class LineRegistry {
  readonly #options: LineRegistryOptions
  readonly #delays: LineDelays
  readonly #table: LineTable
  readonly #queue: RequestQueue
  readonly #actions: LineActions
  readonly #probe: LimitProbe
  readonly #tickByTickLimit: TickByTickLimit
  readonly #paused = new Set<Line>()

  constructor(options: LineRegistryOptions) {
    this.#options = options
    this.#delays = { ...DELAYS, ...options.delays }
    const onImpossible = (error: Error) => {
      if (!options.onImpossible) throw error
      options.onImpossible(error)
    }
    this.#table = new LineTable({ onReleased: options.onReleased, onImpossible })
    this.#queue = new RequestQueue({ mayAsk: (line) => this.#mayAsk(line), ask: (line, opener) => this.#actions.send(line, opener) })
    this.#actions = new LineActions({ ...options, table: this.#table, queue: this.#queue, delays: this.#delays })
    this.#tickByTickLimit = new TickByTickLimit(this.#delays.lineMs)
    this.#probe = new LimitProbe({
      counts: this.#table.marketData,
      lines: () => this.#table.all,
      enqueue: (line) => {
        this.#actions.enqueue(line)
        void this.#queue.run()
      },
      onLimit: options.onLimit,
      lineMs: this.#delays.lineMs,
    })
  }

  get marketData(): LineCounts {
    return this.#table.marketData
  }

  get tickByTick(): LineCounts {
    return this.#table.tickByTick
  }

  /** Market-data lines that the gateway has neither accepted nor refused yet. */
  get waiting(): number {
    return this.marketData.queued + this.marketData.asked
  }

  /** Market-data lines that the gateway serves at once, when it has fewer than are wanted. */
  get limit(): number | undefined {
    return this.#probe.reported
  }

  /** True when the gateway has accepted a market-data line, or has not answered for one. */
  get isAnyServed(): boolean {
    return this.marketData.asked + this.marketData.open + this.marketData.silent > 0
  }

  /** Every line that is wanted, the most important first. */
  get all(): readonly Line[] {
    return this.#table.all
  }

  /** Market-data lines, open or not. */
  get wanted(): number {
    return this.#table.marketDataLines
  }

  /** Wants lines, in this order of importance. Known ones take over what is new of their contract: its hours, its number. */
  want(lines: readonly WantedLine[]): void {
    for (const wanted of lines) this.#add(wanted)
    void this.#queue.run()
  }

  /** Wants these lines and no others, in this order of importance. Known ones are left as they are, the others closed for `cause`. */
  wantOnly(lines: readonly WantedLine[], cause: string): void {
    const keys = new Set(lines.map(lineKey))
    for (const line of this.#table.all) if (!keys.has(line.key)) this.#drop(line, cause)
    for (const wanted of lines) this.#add(wanted)
    this.#table.order(lines)
    this.#probe.fill()
    void this.#queue.run()
    this.#settle()
  }

  /** Closes the least important of the other market-data lines for `cause`, until `limit`, or what the gateway has, takes these too. */
  makeRoomFor(lines: readonly WantedLine[], limit: number, cause: string): void {
    const keys = new Set(lines.map(lineKey))
    const more = new Set(lines.filter((wanted) => !this.#table.of(wanted)).map(lineKey)).size
    const room = more > 0 ? this.#probe.atMost(limit) : limit
    for (const line of this.#table.all.toReversed())
      if (!line.feed && !keys.has(line.key) && this.wanted + more > room) this.#drop(line, cause)
  }

  /** The smaller of `lines` and what the gateway has, as far as that was learned. */
  atMost(lines: number): number {
    return this.#probe.atMost(lines)
  }

  /** More contracts are wanted than there are lines, and have them in turn: what was learned of the gateway's lines holds though none of them waits. */
  share(isShared: boolean): void {
    this.#probe.isShared = isShared
  }

  /** A link is up, over which lines can be asked for. */
  get isLinked(): boolean {
    return this.#queue.opener !== undefined
  }

  /** The line of an instrument's market data, when it is wanted now. */
  lineAt(instrument: number): Line | undefined {
    return this.#table.of({ instrument })
  }

  /**
   * Gives up the lines of some instruments for now and takes others, in this order: a cancel goes ahead of a request. What had data is
   * closed for `cause`, what had none as of its opening. `order`: of importance, of some or all lines; the others stay ahead of them.
   */
  exchange({ release, want, order, cause }: LineExchange): void {
    const released = new Set(release)
    for (const line of this.#table.all) if (released.has(line.instrument)) this.#putOff(line, cause)
    for (const wanted of want) this.#add(wanted)
    const rank = new Map(order.map((instrument, i) => [instrument, i]))
    const rankOf = (line: Line) => (line.feed ? -1 : (rank.get(line.instrument) ?? -1))
    this.#table.order(this.#table.all.toSorted((a, b) => rankOf(a) - rankOf(b)))
    this.#probe.fill()
    void this.#queue.run()
    this.#settle()
  }

  linkUp(opener: LineOpener): void {
    this.#queue.start(opener)
    this.#probe.linkUp()
    for (const line of this.#table.all) this.#actions.enqueue(line)
    void this.#queue.run()
  }

  /** The next link is another one: what was asked for over the last does not count as asked for a moment ago. */
  linkIsNew(): void {
    this.#actions.forgetRequests()
  }

  /** All lines are closed as of `untilUs`, the last proof that data was flowing. */
  linkDown(cause: string, untilUs: number): void {
    this.stop()
    for (const line of this.#table.all) {
      this.#actions.close(line, cause, untilUs)
      this.#actions.move(line, 'reset')
      this.#table.releaseIds(line)
      line.forgetAnswers()
      line.sentMs = undefined
    }
    this.#paused.clear()
    this.#probe.linkDown()
  }

  /** Asks for nothing more. */
  stop(): void {
    this.#queue.stop()
    this.#probe.stop()
    for (const line of this.#table.all) clearTimeout(line.timer)
  }

  /** The gateway knows the line: it named the type of its data or its parameters. */
  accepted(reqId: number): void {
    const line = this.#table.byReqId(reqId)
    // What comes of a request that was cancelled, or between a refusal and the next request, proves nothing.
    if (line?.state === 'asked' && line.reqId === reqId) this.#open(line)
  }

  /** Data has come: the first under this id, or the next one of a line that is watched. It belongs to the line, dead or alive. */
  dataCame(reqId: number): void {
    const line = this.#table.byReqId(reqId)
    if (!line) return
    this.#takeData(line, reqId)
    line.hasData = true
  }

  #takeData(line: Line, reqId: number): void {
    const isCurrent = line.reqId === reqId
    line.needsData = false
    if (isCurrent && line.state === 'asked') return this.#open(line)
    this.#actions.hold(line)
    if (line.state === 'open') return
    if (isCurrent && line.state === 'silent' && line.doubt) {
      if (performance.now() - line.doubt.sinceMs >= line.doubt.trustAfterMs) return this.#open(line)
    } else if (isCurrent && line.state !== 'queued') {
      const { trustMs, pausedMs } = this.#delays
      this.#actions.doubt(line, 'straggle', { cause: 'silent', trustAfterMs: trustMs, askAfterMs: pausedMs })
    }
    line.provenUs = this.#options.nowUs()
    this.#options.onWatched(reqId, line)
  }

  /** The market-data line of an instrument is delayed, and delayed data is not wanted. */
  cancelDelayed(instrument: number): void {
    const line = this.#table.of({ instrument })
    if (line?.reqId === undefined || !this.#queue.opener) return
    this.#actions.cancel(line)
    line.isFinal = true
    this.#actions.move(line, 'refuse')
    this.#actions.close(line, DELAYED_CAUSE)
    this.#options.onMissing?.(line, DELAYED_CAUSE)
    this.#options.onRefused(line, undefined, false)
    this.#answered(line)
  }

  /** Whether messages with this id are about the last request for a line, and not one that was given up. */
  isCurrent(reqId: number): boolean {
    return this.#table.byReqId(reqId)?.reqId === reqId
  }

  /** The line behind a request id. */
  lineOf(reqId: number): WantedLine | undefined {
    return this.#table.byReqId(reqId)
  }

  /** The gateway ended or refused the line. */
  refused(reqId: number, code: number, text: string, refusal: Exclude<Refusal, 'part'>): void {
    const line = this.#table.byReqId(reqId)
    if (!line || line.reqId !== reqId) return
    const cause = `refused: ${code}`
    if (refusal === 'no-line' && !line.feed) {
      this.#table.releaseIds(line)
      this.#actions.move(line, 'full')
      this.#actions.close(line, cause)
      this.#options.onMissing?.(line, cause)
      this.#probe.learn()
    } else if (refusal === 'for-now' || refusal === 'ask-again') {
      const wasServed = line.state === 'open' || line.state === 'silent'
      this.#actions.end(line, 'pause', cause)
      if (refusal === 'ask-again' && wasServed) this.#actions.enqueue(line)
      else this.#notePaused(line, code, text)
    } else {
      const isRepeated = noteRefusal(line, code, this.#delays)
      if (line.feed && isForWantOfTickByTickLine(code)) this.#tickByTickLimit.learn(line, this.#table.all)
      this.#actions.end(line, 'refuse', cause)
      this.#options.onRefused(line, { code, text }, isRepeated)
    }
    this.#answered(line)
  }

  /** Asks again without generic ticks. False when that was tried already. */
  retryPlain(reqId: number): boolean {
    const line = this.#table.byReqId(reqId)
    if (!line || line.feed || line.plain || line.state !== 'asked') return false
    line.plain = true
    this.#table.releaseIds(line)
    this.#actions.enqueue(line)
    void this.#queue.run()
    return true
  }

  /**
   * IB was lost and is back, or one of its farms: subscriptions may be dead although it says that they were kept. Asks at once for
   * every line that is not served, and for those that are when no data comes in the next seconds. `cause` is recorded with them, as of
   * `provenUs`; absent: now.
   */
  askSilentAgain(cause: string, { includes = () => true, provenUs = this.#options.nowUs() }: Partial<LinesInDoubt> = {}): void {
    if (!this.#queue.opener) return
    for (const line of this.#table.all) {
      const todo = includes(line) ? afterOutage(line, this.#actions.askedMs(line)) : undefined
      if (!todo) continue
      line.unanswered = 0
      line.retries = 0
      if (todo === 'doubt') {
        line.provenUs = provenUs
        this.#actions.doubt(line, 'doubt', { cause, trustAfterMs: 0, askAfterMs: this.#delays.silentMs })
        if (line.reqId !== undefined) this.#options.onWatched(line.reqId, line)
      } else if (todo === 'wait') this.#actions.arm(line)
      else this.#actions.askAgain(line, cause)
    }
    void this.#queue.run()
  }

  /**
   * A line that is served as far as is known has had no data since `provenUs`, though it should: closes it as of then, and asks for it
   * again, at once or in a while unless data comes. Also a tick-by-tick line without an answer, as IB acknowledges none.
   */
  dead(line: Line, { cause, provenUs, askAfterMs }: { cause: string; provenUs: number; askAfterMs: number }): void {
    const mayBeServed = line.state === 'open' || line.state === 'silent' || (line.feed !== undefined && line.state === 'asked')
    if (!this.#queue.opener || !mayBeServed) return
    line.provenUs = provenUs
    this.#actions.close(line, cause)
    this.#options.onMissing?.(line, cause)
    line.needsData = true
    if (line.state === 'open') this.#actions.doubt(line, 'doubt', { cause, trustAfterMs: 0, askAfterMs })
    // Also of one that is asked for at once: until its new request is sent, and a while longer, data may come under the old id.
    if (line.reqId !== undefined) this.#options.onWatched(line.reqId, line)
    if (askAfterMs > 0) return
    this.#actions.askAgain(line, cause)
    void this.#queue.run()
  }

  /** What the line had was data. */
  proven(line: Line): void {
    this.#actions.hold(line)
    line.hasData = true
  }

  /** Nothing proves that the line had data from then on. It is held again with its next data. */
  unproven(line: Line, cause: string, untilUs: number): void {
    if (!line.held) return
    this.#actions.close(line, cause, untilUs)
    if (line.reqId !== undefined) this.#options.onWatched(line.reqId, line)
  }

  /** A line that the gateway said to serve has its first data only now: it was held in name only until then. */
  lateData(line: Line, cause: string, openedUs: number): void {
    if (!line.held) return
    this.#actions.close(line, cause, openedUs)
    this.proven(line)
  }

  /** The market's clock was set, and shows a time that lies by so much ahead of the one it would have shown. */
  shift(byUs: number): void {
    for (const line of this.#table.all) line.shift(byUs)
  }

  #add(wanted: WantedLine): void {
    const known = this.#table.of(wanted)
    if (known) return this.#follow(known, wanted.contract)
    const { onWanted, nowUs } = this.#options
    const line = this.#table.add({ ...wanted, wantedUs: wanted.wantedUs ?? nowUs() })
    onWanted?.(line)
    if (this.#queue.opener) this.#actions.enqueue(line)
  }

  /** Takes over what is new of a line's contract. IB serves nothing under a number that it has given up: the line is asked for anew. */
  #follow(line: Line, contract: Contract): void {
    const isRenumbered = contract.conId !== undefined && line.contract.conId !== undefined && contract.conId !== line.contract.conId
    line.contract = contract
    if (!isRenumbered || !this.#queue.opener || line.state === 'queued' || line.state === 'no-line') return
    this.#actions.cancel(line)
    if (line.state === 'open') this.#actions.doubt(line, 'doubt', { cause: RENUMBERED_CAUSE, trustAfterMs: 0, askAfterMs: 0 })
    this.#actions.askAgain(line, RENUMBERED_CAUSE)
  }

  #putOff(line: Line, cause: string): void {
    // Open in name only: nothing was seen of it.
    if (line.held && !line.hasData) this.#actions.close(line, NO_DATA_CAUSE, line.heldSinceUs)
    this.#remove(line, cause)
    this.#options.onPutOff?.(line)
  }

  #drop(line: Line, cause: string): void {
    this.#remove(line, cause)
    this.#options.onUnwanted(line)
  }

  #remove(line: Line, cause: string): void {
    if (line.reqId !== undefined && line.state !== 'refused') this.#actions.cancel(line)
    else this.#table.releaseIds(line)
    this.#actions.move(line, 'reset')
    this.#actions.close(line, cause)
    this.#table.remove(line)
    this.#unpause(line)
    this.#probe.forget(line)
  }

  #open(line: Line): void {
    this.#actions.move(line, 'answer')
    line.wasServed = true
    line.openedMs = performance.now()
    line.unanswered = 0
    line.doubt = undefined
    line.provenUs = undefined
    if (!line.needsData) this.#actions.hold(line)
    this.#answered(line)
  }

  #mayAsk(line: Line): boolean {
    if (this.#actions.defer(line)) return false
    if (line.feed) return this.#mayAskTickByTick(line)
    if (this.#probe.hasRoom()) return true
    if (line.reqId !== undefined) this.#actions.cancel(line)
    this.#actions.move(line, 'full')
    this.#actions.close(line, 'no-line')
    this.#options.onMissing?.(line, 'no-line')
    this.#unpause(line)
    this.#settle()
    return false
  }

  #mayAskTickByTick(line: Line): boolean {
    if (this.#tickByTickLimit.mayAsk(line, this.#table.all)) return true
    line.refusalCode ??= TICK_BY_TICK_FULL
    if (line.reqId !== undefined) this.#actions.cancel(line)
    this.#actions.move(line, 'refuse')
    this.#actions.close(line, `refused: ${line.refusalCode}`)
    this.#options.onMissing?.(line, `refused: ${line.refusalCode}`)
    this.#unpause(line)
    return false
  }

  #notePaused(line: Line, code: number, text: string): void {
    if (this.#paused.size === 0) this.#options.onPaused(code, text)
    this.#paused.add(line)
  }

  /** It waits for something else now, or for nothing. */
  #unpause(line: Line): void {
    if (this.#paused.delete(line) && this.#paused.size === 0) this.#options.onResumed()
  }

  /** What follows from the answer to a line's request. */
  #answered(line: Line): void {
    const isOver = line.state === 'open' || line.state === 'refused' || line.state === 'no-line'
    if (isOver) this.#unpause(line)
    this.#probe.answered(line)
    this.#probe.fill()
    void this.#queue.run()
    this.#settle()
  }

  #settle(): void {
    if (this.waiting > 0 || !this.#queue.opener) return
    this.#probe.settle()
    this.#options.onSettled()
  }
}
