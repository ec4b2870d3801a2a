/**
 * Points of an account over time, in one block of memory: objects of them are made as they are looked at. To make and to keep a million
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

/** `tsUs`, `cash`, `equity`, `exposure`. */
const FIELDS = 4
const FIRST_POINTS = 1024

export class EquityPoints implements Points<EquityPoint> {
  #values: Float64Array<ArrayBuffer>
  #length: number

  /** @param values of other points, one after the other */
  constructor(values?: Float64Array<ArrayBuffer>) {
    this.#values = values ?? new Float64Array(FIRST_POINTS * FIELDS)
    this.#length = values ? values.length : 0
  }

  static of(points: Points<EquityPoint>): EquityPoints {
    if (points instanceof EquityPoints) return points
    const made = new EquityPoints()
    for (const { tsUs, cash, equity, exposure } of points) made.push(tsUs, cash, equity, exposure)
    return made
  }

  push(tsUs: number, cash: number, equity: number, exposure: number): void {
    if (this.#length === this.#values.length) {
      const values = new Float64Array(2 * this.#length + FIELDS)
      values.set(this.#values)
      this.#values = values
    }
    const values = this.#values
    const at = this.#length
    values[at] = tsUs
    values[at + 1] = cash
    values[at + 2] = equity
    values[at + 3] = exposure
    this.#length = at + FIELDS
  }

  /** Leaves out the last one. */
  pop(): void {
    this.#length = Math.max(0, this.#length - FIELDS)
  }

  /** Field by field, point by point. */
  get values(): Float64Array<ArrayBuffer> {
    return this.#values.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length / FIELDS
  }

  at(index: number): EquityPoint | undefined {
    const at = FIELDS * (index < 0 ? this.length + index : index)
    if (!(at >= 0 && at < this.#length)) return undefined
    const [tsUs, cash, equity, exposure] = [this.#values[at], this.#values[at + 1], this.#values[at + 2], this.#values[at + 3]]
    return { tsUs, cash, equity, exposure } as EquityPoint
  }

  *[Symbol.iterator](): Generator<EquityPoint> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as EquityPoint
  }

  *entries(): Generator<[number, EquityPoint]> {
    for (let index = 0; index < this.length; index++) yield [index, this.at(index) as EquityPoint]
  }

  map<T>(make: (point: EquityPoint, index: number) => T): T[] {
    return Array.from({ length: this.length }, (_, index) => make(this.at(index) as EquityPoint, index))
  }

  every(test: (point: EquityPoint) => boolean): boolean {
    for (const point of this) if (!test(point)) return false
    return true
  }

  toJSON(): EquityPoint[] {
    return [...this]
  }
}
