/** Rows of a table as they came, in any order, that are read in the order of the tape. */

import { RowCursor, type RowDecoder } from './copy-decode.ts'

/** More places than so many for each row are not worth it. */
const PLACES_PER_ROW = 16
const CHUNK_ROWS = 2048

export class Piece {
  readonly #cursor = new RowCursor()
  /** Of each row, as they came: where it is, its time and its number. */
  readonly #positions: number[] = []
  readonly #times: number[] = []
  readonly #seqs: number[] = []

  /**
   * @param bytes of COPY … TO STDOUT BINARY, whole: rows that begin with ts and seq
   * @throws Error when they end before the rows do
   */
  constructor(bytes: Buffer, name: string) {
    const row = this.#cursor
    row.push(bytes)
    while (row.next()) {
      this.#positions.push(row.position)
      this.#times.push(row.time() ?? Number.NaN)
      this.#seqs.push(row.integer())
    }
    if (!row.ended) throw new Error(`the rows of ${name} ended too early`)
  }

  get count(): number {
    return this.#positions.length
  }

  /** Decoded as they are read: so many rows at once would outlive the short-lived memory of the program, which costs more than their sorting. */
  *inOrder<R>(decoder: RowDecoder<R>): Generator<R[]> {
    const row = this.#cursor
    const order = this.#order()
    for (let at = 0; at < order.length; at += CHUNK_ROWS) {
      const rows: R[] = []
      for (const index of order.subarray(at, at + CHUNK_ROWS)) {
        row.goTo(this.#positions[index] as number)
        rows.push(decoder.decode(row))
      }
      yield rows
    }
  }

  /** Indexes of the rows in the order of (tsUs, seq); equal ones stay as they are. */
  #order(): Uint32Array {
    const times = this.#times
    const seqs = this.#seqs
    const placed = this.#placed()
    if (placed?.every((index, i) => i === 0 || (times[placed[i - 1] as number] as number) <= (times[index] as number))) return placed
    const compare = (a: number, b: number) => (times[a] as number) - (times[b] as number) || (seqs[a] as number) - (seqs[b] as number)
    return Uint32Array.from([...seqs.keys()].sort(compare))
  }

  /** By seq. A session leaves out few numbers, so that each row has its place without a comparison. Undefined where that is not so. */
  #placed(): Uint32Array | undefined {
    let first = Number.POSITIVE_INFINITY
    let last = Number.NEGATIVE_INFINITY
    for (const seq of this.#seqs) {
      if (seq < first) first = seq
      if (seq > last) last = seq
    }
    if (this.count === 0 || last - first >= PLACES_PER_ROW * this.count) return undefined
    const places = new Int32Array(last - first + 1).fill(-1)
    for (const [index, seq] of this.#seqs.entries()) places[seq - first] = index
    const order = new Uint32Array(this.count)
    let taken = 0
    for (const index of places) if (index >= 0) order[taken++] = index
    // Fewer: two rows had one number.
    return taken === this.count ? order : undefined
  }
}
