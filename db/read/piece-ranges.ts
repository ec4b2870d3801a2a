/** How the rows of a table are parted by time, so that each part can be held in memory. */

import type { MinuteOfTicks } from './queries/ticks-by-minute.ts'

/** From the first moment to before the second. */
interface TimeRange {
  fromUs: number
  toUs: number
}

/** Their bytes are held in memory, those of the next piece as well; far more than a batch of the columnstore has. */
export const PIECE_ROWS = 150_000
/** Of the first and the last piece: the server has nothing to do while the last one is decoded, and the reader while the first one comes. */
export const LEAST_PIECE_ROWS = 30_000

/**
 * Parts of a time, without gap or overlap, as far as the batches and what was found until now say with PIECE_ROWS rows of a table each, and
 * fewer at the begin and the end.
 */
export class PieceRanges {
  readonly #minutes: readonly MinuteOfTicks[]
  readonly #toUs: number
  #fromUs: number
  #next = 0
  /** Ticks of the parts that were given, and of all. */
  #before = 0
  readonly #all: number
  readonly #given: number[] = []
  readonly #found = { rows: 0, ticks: 0 }

  constructor({ fromUs, toUs }: TimeRange, minutes: readonly MinuteOfTicks[]) {
    this.#fromUs = fromUs
    this.#toUs = toUs
    this.#minutes = minutes
    this.#all = minutes.reduce((sum, { ticks }) => sum + ticks, 0)
  }

  next(): TimeRange | undefined {
    const fromUs = this.#fromUs
    if (fromUs >= this.#toUs) return undefined
    // Of all ticks a table may have few.
    const share = this.#found.ticks > 0 ? Math.max(this.#found.rows / this.#found.ticks, 0.01) : 1
    const rows = Math.min(PIECE_ROWS, Math.max(LEAST_PIECE_ROWS, share * Math.min(this.#before, (this.#all - this.#before) / 2)))
    let ticks = 0
    while (this.#next < this.#minutes.length && ticks * share < rows) ticks += this.#minutes[this.#next++]?.ticks ?? 0
    this.#before += ticks
    this.#given.push(ticks)
    this.#fromUs = Math.max(fromUs + 1, this.#minutes[this.#next]?.fromUs ?? this.#toUs)
    return { fromUs, toUs: Math.min(this.#fromUs, this.#toUs) }
  }

  /** Of the oldest range that nothing was said of. */
  found(rows: number): void {
    this.#found.rows += rows
    this.#found.ticks += this.#given.shift() ?? 0
  }
}
