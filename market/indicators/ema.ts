/** Exponential moving average: weight 2 / (period + 1), begun with the mean of the first `period` values. */

import type { Indicator } from './indicator.ts'
import { Sma } from './sma.ts'

export class Ema implements Indicator<number> {
  readonly #weight: number
  readonly #seed: Sma
  #value: number | undefined

  constructor(period: number) {
    this.#weight = 2 / (period + 1)
    this.#seed = new Sma(period)
  }

  next(value: number): number | undefined {
    this.#value = this.#value === undefined ? this.#seed.next(value) : this.#value + this.#weight * (value - this.#value)
    return this.#value
  }
}
