/** Supertrend: a stop `multiple` average true ranges from the middle of the bar, which only moves along with the trend. */

import { Atr } from './atr.ts'
import type { Indicator, Prices } from './indicator.ts'

export interface SupertrendValue {
  value: number
  /** The value lies under the price as a floor; else above it. */
  rising: boolean
}

export class Supertrend implements Indicator<Prices, SupertrendValue> {
  readonly #range: Atr
  readonly #multiple: number
  #close = Number.NaN
  /** The stops on either side, and which of them holds. */
  #bands: { upper: number; lower: number; rising: boolean } | undefined

  constructor(period = 10, multiple = 3) {
    this.#range = new Atr(period)
    this.#multiple = multiple
  }

  next(bar: Prices): SupertrendValue | undefined {
    const range = this.#range.next(bar)
    const before = this.#close
    this.#close = bar.close
    if (range === undefined) return undefined
    const middle = (bar.high + bar.low) / 2
    const upper = middle + this.#multiple * range
    const lower = middle - this.#multiple * range
    const bands = this.#bands ?? { upper, lower, rising: bar.close >= middle }
    this.#bands = bands
    if (upper < bands.upper || before > bands.upper) bands.upper = upper
    if (lower > bands.lower || before < bands.lower) bands.lower = lower
    bands.rising = bar.close > (bands.rising ? bands.lower : bands.upper)
    return { value: bands.rising ? bands.lower : bands.upper, rising: bands.rising }
  }
}
