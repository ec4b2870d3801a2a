/** Williams %R: how far the close lies below the highest high of the last bars, -100 to 0. */

import type { Indicator, Prices } from './indicator.ts'
import { Window } from './window.ts'

export class WilliamsR implements Indicator<Prices> {
  readonly #highs: Window
  readonly #lows: Window

  constructor(period = 14) {
    this.#highs = new Window(period)
    this.#lows = new Window(period)
  }

  next({ high, low, close }: Prices): number | undefined {
    this.#highs.push(high)
    this.#lows.push(low)
    if (!this.#highs.full) return undefined
    const highest = this.#highs.max()
    const range = highest - this.#lows.min()
    // As the stochastic oscillator is 0 where there is no range.
    return range === 0 ? -100 : (-100 * (highest - close)) / range
  }
}
