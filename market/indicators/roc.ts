/** Rate of change against the value `period` before: as a difference, and in percent. */

import { type Indicator, requirePeriod } from './indicator.ts'
import { Window } from './window.ts'

export interface RocValue {
  momentum: number
  /** In percent; undefined where the value before was 0. */
  roc: number | undefined
}

export class Roc implements Indicator<number, RocValue> {
  readonly #window: Window

  constructor(period = 14) {
    this.#window = new Window(requirePeriod(period) + 1)
  }

  next(value: number): RocValue | undefined {
    this.#window.push(value)
    if (!this.#window.full) return undefined
    const before = this.#window.oldest
    const momentum = value - before
    return { momentum, roc: before === 0 ? undefined : (100 * momentum) / before }
  }
}
