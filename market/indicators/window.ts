/** The last values of a series, in a ring: the oldest makes room for the next. */

import { requirePeriod } from './indicator.ts'

export class Window {
  /** Each value stands twice, a length apart, so that those that are kept always lie behind one another. */
  readonly #values: Float64Array
  readonly #size: number
  /** Where the next value goes, in the first half: once the window is full, the place of the oldest one. */
  #next = 0
  #length = 0

  /** @throws RangeError unless `length` is a whole number from 1 */
  constructor(length: number) {
    this.#size = requirePeriod(length, 1, 'length')
    this.#values = new Float64Array(2 * this.#size)
  }

  /** Takes a value. Returns the one that it replaced, undefined as long as there was room. */
  push(value: number): number | undefined {
    const [values, size, at] = [this.#values, this.#size, this.#next]
    const replaced = this.full ? values[at] : undefined
    values[at] = value
    values[at + size] = value
    this.#next = at + 1 === size ? 0 : at + 1
    if (!this.full) this.#length++
    return replaced
  }

  get full(): boolean {
    return this.#length === this.#size
  }

  get length(): number {
    return this.#length
  }

  /** The value that came so many before the newest: 0 is the newest. */
  back(by: number): number {
    return this.#values[this.#from + this.#length - 1 - by] ?? Number.NaN
  }

  /** The oldest one that is kept. */
  get oldest(): number {
    return this.back(this.length - 1)
  }

  /** Where the oldest one stands. */
  get #from(): number {
    return this.full ? this.#next : 0
  }

  /** Added anew each time, so that no rounding of long gone values remains. */
  sum(): number {
    const values = this.#values
    const end = this.#from + this.#length
    let sum = 0
    for (let at = this.#from; at < end; at++) sum += values[at] as number
    return sum
  }

  /** Added anew each time. */
  sumOf(figure: (value: number) => number): number {
    const values = this.#values
    const end = this.#from + this.#length
    let sum = 0
    for (let at = this.#from; at < end; at++) sum += figure(values[at] as number)
    return sum
  }

  /** The squares of their distances to `middle`, added anew each time. */
  squares(middle: number): number {
    const values = this.#values
    const end = this.#from + this.#length
    let sum = 0
    for (let at = this.#from; at < end; at++) {
      const off = (values[at] as number) - middle
      sum += off * off
    }
    return sum
  }

  mean(): number {
    return this.sum() / this.length
  }

  max(): number {
    let max = Number.NEGATIVE_INFINITY
    for (let by = 0; by < this.length; by++) max = Math.max(max, this.back(by))
    return max
  }

  min(): number {
    let min = Number.POSITIVE_INFINITY
    for (let by = 0; by < this.length; by++) min = Math.min(min, this.back(by))
    return min
  }
}
