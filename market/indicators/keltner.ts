/** Keltner channel: an EMA of the close and `multiple` average true ranges on either side. */

import { Atr } from './atr.ts'
import { Ema } from './ema.ts'
import type { Indicator, Prices } from './indicator.ts'

export interface ChannelValue {
  upper: number
  middle: number
  lower: number
}

export class Keltner implements Indicator<Prices, ChannelValue> {
  readonly #average: Ema
  readonly #range: Atr
  readonly #multiple: number

  constructor({ period = 20, multiple = 2, rangePeriod = 10 }: { period?: number; multiple?: number; rangePeriod?: number } = {}) {
    this.#average = new Ema(period)
    this.#range = new Atr(rangePeriod)
    this.#multiple = multiple
  }

  next(bar: Prices): ChannelValue | undefined {
    const middle = this.#average.next(bar.close)
    const range = this.#range.next(bar)
    if (middle === undefined || range === undefined) return undefined
    return { upper: middle + this.#multiple * range, middle, lower: middle - this.#multiple * range }
  }
}
