/** Commodity channel index: the typical price less its mean, in units of 0.015 mean deviations. */

import type { Indicator, Prices } from './indicator.ts'
import { Window } from './window.ts'

export class Cci implements Indicator<Prices> {
  readonly #window: Window

  constructor(period = 20) {
    this.#window = new Window(period)
  }

  next({ high, low, close }: Prices): number | undefined {
    const typical = (high + low + close) / 3
    this.#window.push(typical)
    if (!this.#window.full) return undefined
    const mean = this.#window.mean()
    const deviation = this.#window.sumOf((one) => Math.abs(one - mean)) / this.#window.length
    return deviation === 0 ? 0 : (typical - mean) / (0.015 * deviation)
  }
}
