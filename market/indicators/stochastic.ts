/** Stochastic oscillator: where the close lies in the range of the last bars, smoothed as %K, an average of that as %D, and %J = 3 K - 2 D. */

import type { Indicator, Prices } from './indicator.ts'
import { Sma } from './sma.ts'
import { Window } from './window.ts'

export interface StochasticValue {
  k: number
  /** Undefined while too few values of `k` came. */
  d: number | undefined
  j: number | undefined
}

export class Stochastic implements Indicator<Prices, StochasticValue> {
  readonly #highs: Window
  readonly #lows: Window
  readonly #smooth: Sma
  readonly #signal: Sma

  constructor({ period = 14, smooth = 3, signal = 3 }: { period?: number; smooth?: number; signal?: number } = {}) {
    this.#highs = new Window(period)
    this.#lows = new Window(period)
    this.#smooth = new Sma(smooth)
    this.#signal = new Sma(signal)
  }

  next({ high, low, close }: Prices): StochasticValue | undefined {
    this.#highs.push(high)
    this.#lows.push(low)
    if (!this.#highs.full) return undefined
    const lowest = this.#lows.min()
    const range = this.#highs.max() - lowest
    const k = this.#smooth.next(range === 0 ? 0 : (100 * (close - lowest)) / range)
    if (k === undefined) return undefined
    const d = this.#signal.next(k)
    return { k, d, j: d === undefined ? undefined : 3 * k - 2 * d }
  }
}
