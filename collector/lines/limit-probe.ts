/**
 * How many market-data lines the gateway serves at once, learned from its refusals (101), and the attempts to have one more.
 *
 * States: unknown -> learned (at the first refusal) -> unknown (no line waits for one any more). While a limit is known, no more
 * lines than that are asked for. After `lineMs`, one line that waits is tried, because lines are shared with the watchlists in TWS:
 * one that works raises the limit and lets the next one try at once. The limit outlives its link; an attempt without an outcome does not.
 *
 * While contracts share lines in turn it may be that none waits, though more are wanted: the limit is kept, and every `lineMs` raised by a pair of
 * lines, which the plan takes; pairs that work let the next one try at once.
 */

import { type Line, type LineCounts, takenLines } from './line.ts'

export interface LimitProbeOptions {
  /** Of the market-data lines; read whenever something is decided. */
  counts: LineCounts
  /** All lines, the most important first. */
  lines: () => Iterable<Line>
  /** Asks for a line that waits for one. */
  enqueue: (line: Line) => void
  /** The gateway serves so many lines at once; `waiting` contracts are without. Called when that has changed. */
  onLimit: (lines: number, waiting: number) => void
  /** Between attempts to have one line more. */
  lineMs: number
}

const PAIR = 2

export class LimitProbe {
  readonly #options: LimitProbeOptions
  #limit: number | undefined
  #reported: number | undefined
  /** The line that tries whether there is one more. */
  #candidate: Line | undefined
  #timer: NodeJS.Timeout | undefined
  #linked = false
  /** How many lines were taken when the limit was raised by a pair, until one is refused. */
  #raisedAt: number | undefined
  /** More contracts are wanted than there are lines, and those beyond them are not among the lines. */
  isShared = false

  constructor(options: LimitProbeOptions) {
    this.#options = options
  }

  /** What was learned, while it is certain enough to be reported and some line has to wait. */
  get reported(): number | undefined {
    return this.#options.counts['no-line'] > 0 ? this.#reported : undefined
  }

  /** The smaller of `lines` and what was learned. */
  atMost(lines: number): number {
    return Math.min(lines, this.#limit ?? lines)
  }

  linkUp(): void {
    this.#linked = true
  }

  /** Makes no more attempts until the next link. */
  stop(): void {
    this.#linked = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  linkDown(): void {
    this.stop()
    this.#giveUp()
  }

  /** The gateway had no line for one that it was asked for; that one is counted among those that wait already. */
  learn(): void {
    this.#limit = takenLines(this.#options.counts)
    this.#raisedAt = undefined
    this.#tryLater()
  }

  /** True when one more line may be asked for. */
  hasRoom(): boolean {
    if (this.#limit === undefined || takenLines(this.#options.counts) < this.#limit) return true
    this.#tryLater()
    return false
  }

  /** The gateway has served or refused a line. */
  answered(line: Line): void {
    if (line !== this.#candidate) return
    this.#candidate = undefined
    // There may be more where this one came from.
    if (line.state === 'open' || line.state === 'refused') this.#try()
    else this.#tryLater()
  }

  /** The line is not wanted any more. */
  forget(line: Line): void {
    if (line !== this.#candidate) return
    this.#giveUp()
    this.#tryLater()
  }

  /** Gives lines that have become free to those that wait for one. */
  fill(): void {
    const { counts, lines, enqueue } = this.#options
    let free = Math.min(counts['no-line'], (this.#limit ?? 0) - takenLines(counts) - counts.queued)
    if (free > 0) for (const line of lines()) if (line.state === 'no-line' && free-- > 0) enqueue(line)
  }

  /** Every line that was asked for has its answer: what was learned is certain. */
  settle(): void {
    const waiting = this.#options.counts['no-line']
    if (this.#limit !== undefined && this.#limit !== this.#reported) this.#options.onLimit(this.#limit, waiting)
    this.#reported = this.#limit
    // Without a line that waits, how many there are beyond these is not known.
    if (waiting === 0 && !this.isShared) this.#limit = undefined
    // There may be more where these came from.
    if (this.#raisedAt !== undefined && takenLines(this.#options.counts) > this.#raisedAt) this.#raise()
  }

  #tryLater(): void {
    if (this.#timer || !this.#linked) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#try()
    }, this.#options.lineMs)
  }

  #try(): void {
    const { counts, lines, enqueue } = this.#options
    for (const line of lines()) {
      if (line.state !== 'no-line') continue
      this.#candidate = line
      this.#limit = takenLines(counts) + counts.queued + 1
      enqueue(line)
      // Also when this one gets no answer.
      return this.#tryLater()
    }
    if (this.isShared) this.#raise()
  }

  #raise(): void {
    if (this.#limit === undefined) return
    const { counts } = this.#options
    this.#raisedAt = takenLines(counts)
    // An odd line is of no use to a pair.
    if (this.#limit - this.#raisedAt - counts.queued < PAIR) this.#limit += PAIR
    this.#tryLater()
  }

  /** Whether there is one line more was not learned. */
  #giveUp(): void {
    if (this.#candidate && this.#limit !== undefined) this.#limit--
    this.#candidate = undefined
  }
}
