/**
 * What is done with one line: its changes of state with all that follows from them: the timer that asks for it again, its place in the
 * queue, its ids, and its opening and closing on the tape. The registry decides which of these, and when.
 */

import { askAgainInMs, type LineDelays, oughtToBeServed } from './ask-again.ts'
import type { LineTable } from './line-table.ts'
import type { Line, LineEvent, WantedLine } from './line.ts'
import type { LineOpener, RequestQueue } from './queue.ts'

export interface LineActionsOptions {
  table: LineTable
  queue: RequestQueue
  delays: LineDelays
  onRequested: (reqId: number, line: WantedLine) => void
  onWatched: (reqId: number, line: WantedLine) => void
  onOpened: (line: WantedLine) => void
  onClosed: (line: WantedLine, cause: string, untilUs?: number) => void
  onMissing?: (line: Line, cause: string) => void
  nowUs: () => number
}

export class LineActions {
  readonly #options: LineActionsOptions
  readonly #table: LineTable
  readonly #queue: RequestQueue
  readonly #delays: LineDelays
  /** `performance.now()` of the last request for each line; kept for lines that are wanted again later. */
  readonly #askedMs = new Map<string, number>()

  constructor(options: LineActionsOptions) {
    this.#options = options
    this.#table = options.table
    this.#queue = options.queue
    this.#delays = options.delays
  }

  /** Every change of a state: what was to happen to the line in its old state is off, what follows from the new one is on. */
  move(line: Line, event: LineEvent): boolean {
    const isMoved = this.#table.move(line, event)
    clearTimeout(line.timer)
    // The time of a request runs from when it has left the pacer.
    if (line.state !== 'asked') this.arm(line)
    return isMoved
  }

  /** Asks for the line again when nothing changes until then. */
  arm(line: Line): void {
    clearTimeout(line.timer)
    const ms = this.#queue.opener && askAgainInMs(line, this.#delays)
    if (ms === undefined) return
    line.timer = setTimeout(() => {
      if (line.state === 'asked') {
        line.unanswered++
        this.#options.onMissing?.(line, 'no-answer')
      }
      if (line.state === 'refused') {
        line.retries++
        if (!oughtToBeServed(line, this.#table.all)) return this.arm(line)
      }
      this.askAgain(line, 'silent')
      void this.#queue.run()
    }, ms)
  }

  /** `cause`: of its closing, where there is none of its own. */
  askAgain(line: Line, cause: string): void {
    // IB gives a new tick-by-tick request the old stream, dead or not, for some seconds after its cancel.
    const isDeadStream = line.feed && (line.state === 'silent' || line.state === 'asked')
    this.close(line, line.doubt?.cause ?? cause)
    line.doubt = undefined
    line.provenUs = undefined
    if (isDeadStream) {
      this.cancel(line)
      this.#askedMs.set(line.key, performance.now())
    }
    this.enqueue(line)
  }

  /** The line is served as far as is known; until its next data that may be wrong. */
  doubt(line: Line, event: 'straggle' | 'doubt', doubt: { cause: string; trustAfterMs: number; askAfterMs: number }): void {
    line.doubt = { ...doubt, sinceMs: performance.now() }
    this.move(line, event)
  }

  /** Opens the line on the tape. */
  hold(line: Line): void {
    if (line.held) return
    line.held = true
    line.hasData = false
    line.needsData = false
    line.heldSinceUs = this.#options.nowUs()
    this.#options.onOpened(line)
  }

  /** Closes the line on the tape, as of the last moment at which it was known to live. */
  close(line: Line, cause: string, untilUs?: number): void {
    if (!line.held) return
    line.held = false
    const { provenUs } = line
    this.#options.onClosed(line, cause, provenUs === undefined ? untilUs : Math.min(provenUs, untilUs ?? provenUs))
  }

  /** The gateway has ended the line, or refused it: what comes all the same is to be noticed. */
  end(line: Line, event: 'pause' | 'refuse', cause: string): void {
    this.move(line, event)
    this.close(line, cause)
    this.#options.onMissing?.(line, cause)
    line.doubt = undefined
    line.provenUs = undefined
    if (line.reqId !== undefined) this.#options.onWatched(line.reqId, line)
  }

  enqueue(line: Line): void {
    if (this.move(line, 'enqueue')) this.#queue.add(line)
  }

  /** Sends the request, under a new id. */
  async send(line: Line, opener: LineOpener): Promise<void> {
    const before = line.reqId
    const reqId = opener.newReqId()
    this.#table.assignId(line, reqId)
    if (before !== undefined) opener.close(before, line).catch(() => undefined)
    this.#askedMs.set(line.key, performance.now())
    line.sentMs = undefined
    this.move(line, 'send')
    this.#options.onRequested(reqId, line)
    await opener.open(reqId, line, line.plain)
    if (line.reqId === reqId) line.sentMs = performance.now()
    // Meanwhile IB has forgotten all lines, and we this id: on the same link, what was sent now is a line that belongs to nothing.
    if (this.#queue.opener !== opener) await opener.close(reqId, line)
    else if (line.reqId === reqId && line.state === 'asked') this.arm(line)
  }

  /** Ends the line at the gateway; nothing that comes under its ids is its any more. */
  cancel(line: Line): void {
    if (line.reqId !== undefined) this.#queue.opener?.close(line.reqId, line).catch(() => undefined)
    this.#table.releaseIds(line)
  }

  /** `performance.now()` of the last request for the line. */
  askedMs(line: Line): number {
    return this.#askedMs.get(line.key) ?? Number.NEGATIVE_INFINITY
  }

  /** Requests over a lost link do not hold back those over the next one: the gateway takes them, and has the stream still open at most. */
  forgetRequests(): void {
    this.#askedMs.clear()
  }

  /** True when a line's turn comes too early, as IB takes a tick-by-tick request only once in a while; it comes again then. */
  defer(line: Line): boolean {
    const inMs = line.feed ? this.askedMs(line) + this.#delays.tickByTickMs - performance.now() : 0
    if (inMs <= 0) return false
    this.move(line, 'defer')
    line.timer = setTimeout(() => {
      this.enqueue(line)
      void this.#queue.run()
    }, inMs)
    return true
  }
}
