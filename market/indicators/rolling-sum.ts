/**
 * The sum of the last values, in constant time. It is added up anew each time the window has passed once, so that the rounding of values that
 * are gone does not pile up over millions of bars.
 */

import { Window } from './window.ts'

export class RollingSum {
  readonly #window: Window
  readonly #period: number
  #sum = 0
  #sinceExact = 0

  constructor(period: number) {
    this.#window = new Window(period)
    this.#period = period
  }

  /** Returns the sum, undefined while fewer values came than are to be added. */
  next(value: number): number | undefined {
    const replaced = this.#window.push(value)
    this.#sum += value - (replaced ?? 0)
    this.#sinceExact++
    // What is no number would stay in the running sum for ever.
    if (this.#sinceExact >= this.#period || !Number.isFinite(this.#sum)) {
      this.#sum = this.#window.sum()
      this.#sinceExact = 0
    }
    return this.#window.full ? this.#sum : undefined
  }
}
