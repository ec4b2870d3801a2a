/**
 * The requests that wait for their turn: the most important line goes first, and each request follows when the one before has left
 * the pacer.
 *
 * States: stopped (no link) -> started, with one request on its way at a time -> stopped. A request that is on its way when the link
 * goes belongs to the old link; the next link begins with a queue of its own.
 */

import type { Line, WantedLine } from './line.ts'

/** What a link does for a line. */
export interface LineOpener {
  newReqId(): number
  /** Resolves when the request was sent. `plain`: without the generic ticks. */
  open(reqId: number, line: WantedLine, plain: boolean): Promise<void>
  close(reqId: number, line: WantedLine): Promise<void>
}

export interface RequestQueueOptions {
  /** False: the line has left the queue for another state. */
  mayAsk: (line: Line) => boolean
  /** Resolves when the request was sent. */
  ask: (line: Line, opener: LineOpener) => Promise<void>
}

export class RequestQueue {
  readonly #options: RequestQueueOptions
  readonly #waiting = new Set<Line>()
  #opener: LineOpener | undefined
  /** Whose requests are being sent. */
  #sending: LineOpener | undefined

  constructor(options: RequestQueueOptions) {
    this.#options = options
  }

  /** Undefined without a link. */
  get opener(): LineOpener | undefined {
    return this.#opener
  }

  start(opener: LineOpener): void {
    this.#opener = opener
  }

  stop(): void {
    this.#opener = undefined
    this.#sending = undefined
    this.#waiting.clear()
  }

  /** Takes a line that has become `queued`. */
  add(line: Line): void {
    this.#waiting.add(line)
  }

  /** Sends what waits, until nothing does. */
  async run(): Promise<void> {
    const opener = this.#opener
    if (!opener || this.#sending) return
    this.#sending = opener
    for (let line = this.#next(); line; line = this.#next()) {
      // It may have been refused or dropped meanwhile.
      if (line.state !== 'queued' || !this.#options.mayAsk(line)) continue
      try {
        await this.#options.ask(line, opener)
      } catch {
        // A lost link rejects what was waiting in the pacer; the next link asks again.
      }
      if (this.#opener !== opener) return
    }
    this.#sending = undefined
  }

  #next(): Line | undefined {
    let first: Line | undefined
    for (const line of this.#waiting) if (!first || line.rank < first.rank) first = line
    if (first) this.#waiting.delete(first)
    return first
  }
}
