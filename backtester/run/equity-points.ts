/**
 * Points of an account over time, in a few blocks of memory: objects of them are made as they are looked at. To make and to keep a million
 * objects took a third of a run over bars of minutes.
 */

import type { Points } from '../metrics/points.ts'

/** The account at the end of a bar, or of a minute of the tape in which something happened. */
export interface EquityPoint {
  tsUs: number
  cash: number
  /** Cash and all positions at their marks. */
  equity: number
  /** Sum of what the positions are worth, short ones counted as if long. */
  exposure: number
}

/** As they can be sent to another thread. */
export interface PackedEquity {
  /** `tsUs`, `cash`, `equity` and `exposure` of one point after the other; the last block may have room for more. */
  blocks: readonly Float64Array[]
  /** Points. */
  length: number
}

const FIELDS = 4
/** Of a block. One that grows would be copied again and again. */
const POINTS = 4096

export class EquityPoints implements Points<EquityPoint> {
  readonly #blocks: Float64Array[]
  #length: number

  constructor({ blocks, length }: PackedEquity = { blocks: [], length: 0 }) {
    this.#blocks = [...blocks]
    this.#length = length
  }

  static of(points: Points<EquityPoint>): EquityPoints {
    if (points instanceof EquityPoints) return points
    const made = new EquityPoints()
    for (const { tsUs, cash, equity, exposure } of points) made.push(tsUs, cash, equity, exposure)
    return made
  }

  push(tsUs: number, cash: number, equity: number, exposure: number): void {
    const at = this.#length % POINTS
    const block = (this.#blocks[(this.#length - at) / POINTS] ??= new Float64Array(FIELDS * POINTS))
    block[FIELDS * at] = tsUs
    block[FIELDS * at + 1] = cash
    block[FIELDS * at + 2] = equity
    block[FIELDS * at + 3] = exposure
    this.#length++
  }

  /** Leaves out the last one. */
  pop(): void {
    this.#length = Math.max(0, this.#length - 1)
  }

  get packed(): PackedEquity {
    return { blocks: this.#blocks, length: this.#length }
  }

  /** All fields of all points in their order, part by part. */
  *values(): Generator<Float64Array> {
    for (let from = 0; from < this.#length; from += POINTS) {
      const points = Math.min(POINTS, this.#length - from)
      yield (this.#blocks[from / POINTS] as Float64Array).subarray(0, FIELDS * points)
    }
  }

  get length(): number {
    return this.#length
  }

  at(index: number): EquityPoint | undefined {
    const place = index < 0 ? this.#length + index : index
    if (!(place >= 0 && place < this.#length)) return undefined
    const at = place % POINTS
    const block = this.#blocks[(place - at) / POINTS] as Float64Array
    const [tsUs, cash, equity, exposure] = [block[FIELDS * at], block[FIELDS * at + 1], block[FIELDS * at + 2], block[FIELDS * at + 3]]
    return { tsUs, cash, equity, exposure } as EquityPoint
  }

  *[Symbol.iterator](): Generator<EquityPoint> {
    for (let index = 0; index < this.#length; index++) yield this.at(index) as EquityPoint
  }

  *entries(): Generator<[number, EquityPoint]> {
    for (let index = 0; index < this.#length; index++) yield [index, this.at(index) as EquityPoint]
  }

  map<T>(make: (point: EquityPoint, index: number) => T): T[] {
    return Array.from({ length: this.#length }, (_, index) => make(this.at(index) as EquityPoint, index))
  }

  every(test: (point: EquityPoint) => boolean): boolean {
    for (const point of this) if (!test(point)) return false
    return true
  }

  toJSON(): EquityPoint[] {
    return [...this]
  }
}
