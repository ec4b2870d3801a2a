/** Rows of a table as they came, in any order, that are read in the order of the tape. */

import { RowCursor, type RowDecoder } from './copy-decode.ts'
import type { CopiedRows } from './copy-out.ts'

/** More places than so many for each row are not worth it. */
const PLACES_PER_ROW = 16
const CHUNK_ROWS = 2048

export class Piece {
  readonly #name: string
  readonly #cursor = new RowCursor()
  readonly #rows: CopiedRows
  /** Of each row, as they came. */
  readonly #times: Float64Array
  readonly #seqs: Float64Array

  /**
   * @param rows that begin with ts and seq; its memory is not to be used again before they are read
   * @throws Error when they ended too early
   */
  constructor(rows: CopiedRows, name: string) {
    if (!rows.ended) throw new Error(`the rows of ${name} ended too early`)
    const { count, starts } = rows
    const times = new Float64Array(count)
    const seqs = new Float64Array(count)
    const row = this.#cursor
    row.push(rows.bytes)
    for (let index = 0; index < count; index++) {
      row.goTo(starts[index] as number)
      times[index] = row.time() ?? Number.NaN
      seqs[index] = row.integer()
    }
    this.#name = name
    this.#rows = rows
    this.#times = times
    this.#seqs = seqs
  }

  get count(): number {
    return this.#rows.count
  }

  /** Decoded as they are read: so many rows at once would outlive the short-lived memory of the program, which costs more than their sorting. */
  *inOrder<R>(decoder: RowDecoder<R>): Generator<R[]> {
    const row = this.#cursor
    const { starts, ends } = this.#rows
    const order = this.#order()
    for (let at = 0; at < order.length; at += CHUNK_ROWS) {
      const rows: R[] = []
      const end = Math.min(at + CHUNK_ROWS, order.length)
      for (let i = at; i < end; i++) {
        const index = order[i] as number
        row.goTo(starts[index] as number)
        rows.push(decoder.decode(row))
        if (row.position !== ends[index]) throw new Error(`a row of ${this.#name} has other columns than were asked for`)
      }
      yield rows
    }
  }

  /** Indexes of the rows in the order of (tsUs, seq); equal ones stay as they are. */
  #order(): Uint32Array {
    const placed = this.#placed()
    if (placed && this.#isInTime(placed)) return placed
    const times = this.#times
    const seqs = this.#seqs
    const compare = (a: number, b: number) => (times[a] as number) - (times[b] as number) || (seqs[a] as number) - (seqs[b] as number)
    return Uint32Array.from([...seqs.keys()].sort(compare))
  }

  /** By seq. A session leaves out few numbers, so that each row has its place without a comparison. Undefined where that is not so. */
  #placed(): Uint32Array | undefined {
    const seqs = this.#seqs
    const count = this.count
    let first = Number.POSITIVE_INFINITY
    let last = Number.NEGATIVE_INFINITY
    for (let index = 0; index < count; index++) {
      const seq = seqs[index] as number
      if (seq < first) first = seq
      if (seq > last) last = seq
    }
    if (count === 0 || last - first >= PLACES_PER_ROW * count) return undefined
    /** By place the index, from 1 on. */
    const places = new Uint32Array(last - first + 1)
    for (let index = 0; index < count; index++) places[(seqs[index] as number) - first] = index + 1
    const order = new Uint32Array(count)
    let taken = 0
    for (let place = 0; place < places.length; place++) {
      const index = places[place] as number
      if (index > 0) order[taken++] = index - 1
    }
    // Fewer: two rows had one number.
    return taken === count ? order : undefined
  }

  #isInTime(order: Uint32Array): boolean {
    const times = this.#times
    let before = Number.NEGATIVE_INFINITY
    for (let i = 0; i < order.length; i++) {
      const time = times[order[i] as number] as number
      // Also when it is none.
      if (!(time >= before)) return false
      before = time
    }
    return true
  }
}
