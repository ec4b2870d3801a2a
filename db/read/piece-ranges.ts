/** How the rows of a table are parted by time, so that each part can be held in memory. */

import type { MinuteOfTicks } from './queries/ticks-by-minute.ts'

/** From the first moment to before the second. */
interface TimeRange {
  fromUs: number
  toUs: number
}

/** Their bytes are held in memory, those of the next piece as well; far more than a batch of the columnstore has. */
export const PIECE_ROWS = 150_000

/** Parts of a time, without gap or overlap, with PIECE_ROWS rows of a table each as far as the batches and what was found until now say. */
export class PieceRanges {
  readonly #minutes: readonly MinuteOfTicks[]
  readonly #toUs: number
  #fromUs: number
  #next = 0
  readonly #given: number[] = []
  readonly #found = { rows: 0, ticks: 0 }

  constructor({ fromUs, toUs }: TimeRange, minutes: readonly MinuteOfTicks[]) {
    this.#fromUs = fromUs
    this.#toUs = toUs
    this.#minutes = minutes
  }

  next(): TimeRange | undefined {
    const fromUs = this.#fromUs
    if (fromUs >= this.#toUs) return undefined
    // Of all ticks a table may have few.
    const share = this.#found.ticks > 0 ? Math.max(this.#found.rows / this.#found.ticks, 0.01) : 1
    let ticks = 0
    while (this.#next < this.#minutes.length && ticks * share < PIECE_ROWS) ticks += this.#minutes[this.#next++]?.ticks ?? 0
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
