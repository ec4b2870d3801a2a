/** The last values of a series, in a ring: the oldest makes room for the next. */

import { requirePeriod } from './indicator.ts'

export class Window {
  readonly #values: Float64Array
  #count = 0

  /** @throws RangeError unless `length` is a whole number from 1 */
  constructor(length: number) {
    this.#values = new Float64Array(requirePeriod(length, 1, 'length'))
  }

  /** Takes a value. Returns the one that it replaced, undefined as long as there was room. */
  push(value: number): number | undefined {
    const at = this.#count % this.#values.length
    const replaced = this.full ? this.#values[at] : undefined
    this.#values[at] = value
    this.#count++
    return replaced
  }

  get full(): boolean {
    return this.#count >= this.#values.length
  }

  get length(): number {
    return Math.min(this.#count, this.#values.length)
  }

  /** The value that came so many before the newest: 0 is the newest. */
  back(by: number): number {
    return this.#values[(this.#count - 1 - by) % this.#values.length] ?? Number.NaN
  }

  /** The oldest one that is kept. */
  get oldest(): number {
    return this.back(this.length - 1)
  }

  /** Added anew each time, so that no rounding of long gone values remains. */
  sum(of: (value: number) => number = (value) => value): number {
    const values = this.#values
    const length = this.length
    let at = this.full ? this.#count % length : 0
    let sum = 0
    for (let i = 0; i < length; i++) {
      sum += of(values[at] as number)
      at = at + 1 === length ? 0 : at + 1
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
