/** Ulcer index: the root mean square of the falls, in percent, of the last `period` values from the highest of them so far. */

import type { Indicator } from './indicator.ts'
import { Window } from './window.ts'

export class Ulcer implements Indicator<number> {
  readonly #window: Window

  constructor(period = 14) {
    this.#window = new Window(period)
  }

  next(value: number): number | undefined {
    this.#window.push(value)
    if (!this.#window.full) return undefined
    let highest = Number.NEGATIVE_INFINITY
    const squares = this.#window.sumOf((one) => {
      highest = Math.max(highest, one)
      return ((100 * (one - highest)) / highest) ** 2
    })
    return Math.sqrt(squares / this.#window.length)
  }
}
