/** Weighted moving average: weights 1 to `period`, the newest value the heaviest. */

import type { Indicator } from './indicator.ts'
import { Window } from './window.ts'

export class Wma implements Indicator<number> {
  readonly #window: Window

  constructor(period: number) {
    this.#window = new Window(period)
  }

  next(value: number): number | undefined {
    this.#window.push(value)
    if (!this.#window.full) return undefined
    const { length } = this.#window
    let sum = 0
    for (let by = length - 1; by >= 0; by--) sum += this.#window.back(by) * (length - by)
    return sum / ((length * (length + 1)) / 2)
  }
}
