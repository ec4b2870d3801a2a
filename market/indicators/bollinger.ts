/** Bollinger bands: the mean and `width` population deviations on either side. */

import { Deviation } from './deviation.ts'
import type { Indicator } from './indicator.ts'

export interface BollingerValue {
  middle: number
  upper: number
  lower: number
  /** Where the value lies: 0 at the lower band, 1 at the upper; undefined where the bands meet. */
  percentB: number | undefined
  /** Distance of the bands as a part of the middle. */
  width: number
}

export class Bollinger implements Indicator<number, BollingerValue> {
  readonly #deviation: Deviation
  readonly #deviations: number

  constructor(period = 20, deviations = 2) {
    this.#deviation = new Deviation(period)
    this.#deviations = deviations
  }

  next(value: number): BollingerValue | undefined {
    const found = this.#deviation.next(value)
    if (!found) return undefined
    const { mean: middle, deviation } = found
    const upper = middle + this.#deviations * deviation
    const lower = middle - this.#deviations * deviation
    return {
      middle,
      upper,
      lower,
      percentB: upper === lower ? undefined : (value - lower) / (upper - lower),
      width: (upper - lower) / middle,
    }
  }
}
