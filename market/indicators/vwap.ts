/** Average of the typical price weighted by volume, since the first bar or the last `restart`. Undefined before any volume. */

import type { Indicator, PricesAndVolume } from './indicator.ts'

export class Vwap implements Indicator<PricesAndVolume> {
  #money = 0
  #volume = 0

  next({ high, low, close, volume }: PricesAndVolume): number | undefined {
    this.#money += ((high + low + close) / 3) * volume
    this.#volume += volume
    return this.#volume > 0 ? this.#money / this.#volume : undefined
  }

  /** Begins anew, as at the begin of a trading session. */
  restart(): void {
    this.#money = 0
    this.#volume = 0
  }
}
