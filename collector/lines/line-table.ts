/** The lines that are wanted, in the order of importance, each by its instrument and feed and by its request ids on this link. */

import { Line, type LineCounts, type LineEvent, type LineState, lineKey, noLines, type WantedLine } from './line.ts'

export interface LineTableOptions {
  /** Messages with this id belong to no line any more. */
  onReleased: (reqId: number) => void
  /** A broken invariant of this program. */
  onImpossible: (error: Error) => void
}

export class LineTable {
  readonly #options: LineTableOptions
  readonly #marketData = noLines()
  readonly #tickByTick = noLines()
  readonly #byReqId = new Map<number, Line>()
  #lines = new Map<string, Line>()
  #nextRank = 0

  constructor(options: LineTableOptions) {
    this.#options = options
  }

  get marketData(): LineCounts {
    return this.#marketData
  }

  get tickByTick(): LineCounts {
    return this.#tickByTick
  }

  /** The most important first. */
  get all(): readonly Line[] {
    return [...this.#lines.values()]
  }

  /** Market-data lines, open or not. */
  get marketDataLines(): number {
    return total(this.#marketData)
  }

  of(wanted: Pick<WantedLine, 'instrument' | 'feed'>): Line | undefined {
    return this.#lines.get(lineKey(wanted))
  }

  byReqId(reqId: number): Line | undefined {
    return this.#byReqId.get(reqId)
  }

  /** A new line, less important than all others. */
  add(wanted: WantedLine): Line {
    const line = new Line(wanted, this.#nextRank++)
    this.#lines.set(line.key, line)
    this.#countsOf(line).idle++
    return line
  }

  /** The line must be idle. */
  remove(line: Line): void {
    this.#lines.delete(line.key)
    this.#countsOf(line).idle--
  }

  /** Puts the lines into this order, the most important first. All of them must be named. */
  order(wanted: readonly WantedLine[]): void {
    const ordered = new Map<string, Line>()
    for (const one of wanted) {
      const line = this.of(one)
      if (line) ordered.set(line.key, line)
    }
    this.#lines = ordered
    this.#nextRank = 0
    for (const line of ordered.values()) line.rank = this.#nextRank++
  }

  /** Returns false, and reports it, when that is impossible. */
  move(line: Line, event: LineEvent): boolean {
    try {
      line.move(event, this.#countsOf(line))
      return true
    } catch (error) {
      this.#options.onImpossible(error as Error)
      return false
    }
  }

  /** From now on messages with this id are the line's; those of the id before may still be on their way. */
  assignId(line: Line, reqId: number): void {
    if (line.oldReqId !== undefined) this.#release(line.oldReqId)
    line.oldReqId = line.reqId
    line.reqId = reqId
    this.#byReqId.set(reqId, line)
  }

  releaseIds(line: Line): void {
    for (const reqId of [line.reqId, line.oldReqId]) if (reqId !== undefined) this.#release(reqId)
    line.reqId = undefined
    line.oldReqId = undefined
  }

  #release(reqId: number): void {
    this.#byReqId.delete(reqId)
    this.#options.onReleased(reqId)
  }

  #countsOf(line: Line): Record<LineState, number> {
    return line.feed ? this.#tickByTick : this.#marketData
  }
}

function total(counts: LineCounts): number {
  return Object.values(counts).reduce((sum, lines) => sum + lines, 0)
}
