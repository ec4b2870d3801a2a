/** Wilder's smoothing: weight 1 / period, begun with the mean of the first `period` values. */

import type { Indicator } from './indicator.ts'
import { Sma } from './sma.ts'

export class Wilder implements Indicator<number> {
  readonly #period: number
  readonly #seed: Sma
  #value: number | undefined

  constructor(period: number) {
    this.#period = period
    this.#seed = new Sma(period)
  }

  next(value: number): number | undefined {
    this.#value = this.#value === undefined ? this.#seed.next(value) : (this.#value * (this.#period - 1) + value) / this.#period
    return this.#value
  }
}
