/**
 * Rows of numbers in a few blocks of memory: objects of them are made as they are looked at. To make and to keep a million objects took a third
 * of a run over bars of minutes.
 */

import type { Rows } from '../metrics/rows.ts'

/** As they can be sent to another thread. */
export interface Packed {
  /** The numbers of one row after the other; the last block may have room for more. */
  blocks: readonly Float64Array[]
  /** Rows. */
  length: number
}

/** Of a block. One that grows would be copied again and again. */
const ROWS = 4096

export abstract class PackedRows<Row> implements Rows<Row> {
  readonly #fields: number
  readonly #blocks: Float64Array[]
  #length: number

  /** @param fields numbers of a row */
  constructor(fields: number, { blocks, length }: Packed = { blocks: [], length: 0 }) {
    this.#fields = fields
    this.#blocks = [...blocks]
    this.#length = length
  }

  /** Its numbers lie in the block from `at` on. */
  protected abstract row(block: Float64Array, at: number): Row

  /** Makes room for one more row. Returns the block of its numbers, which begin at what `nextAt` was before. */
  protected add(): Float64Array {
    const index = this.#length++
    const place = index % ROWS
    return (this.#blocks[(index - place) / ROWS] ??= new Float64Array(this.#fields * ROWS))
  }

  protected get nextAt(): number {
    return this.#fields * (this.#length % ROWS)
  }

  /** Leaves out the last one. */
  pop(): void {
    this.#length = Math.max(0, this.#length - 1)
  }

  get packed(): Packed {
    return { blocks: this.#blocks, length: this.#length }
  }

  /** All numbers of all rows in their order, part by part. */
  *values(): Generator<Float64Array> {
    for (let from = 0; from < this.#length; from += ROWS) {
      const rows = Math.min(ROWS, this.#length - from)
      yield (this.#blocks[from / ROWS] as Float64Array).subarray(0, this.#fields * rows)
    }
  }

  get length(): number {
    return this.#length
  }

  at(index: number): Row | undefined {
    const asked = index < 0 ? this.#length + index : index
    if (!(asked >= 0 && asked < this.#length)) return undefined
    const place = asked % ROWS
    return this.row(this.#blocks[(asked - place) / ROWS] as Float64Array, this.#fields * place)
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let index = 0; index < this.#length; index++) yield this.at(index) as Row
  }

  *entries(): Generator<[number, Row]> {
    for (let index = 0; index < this.#length; index++) yield [index, this.at(index) as Row]
  }

  map<T>(make: (row: Row, index: number) => T): T[] {
    return Array.from({ length: this.#length }, (_, index) => make(this.at(index) as Row, index))
  }

  filter(test: (row: Row) => boolean): Row[] {
    return [...this].filter(test)
  }

  every(test: (row: Row) => boolean): boolean {
    for (const row of this) if (!test(row)) return false
    return true
  }

  toJSON(): Row[] {
    return [...this]
  }
}
