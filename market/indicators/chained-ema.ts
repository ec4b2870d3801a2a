/**
 * Averages of averages, for DEMA and TEMA: each smooths the one before with the same weight. All of them begin with the mean of the first
 * `period` values, which makes them available as early as the first; begun with their own means instead they would come later.
 */

import { Sma } from './sma.ts'

export class ChainedEma {
  readonly #weight: number
  readonly #seed: Sma
  readonly #levels: Float64Array
  #seeded = false

  constructor(period: number, levels: number) {
    this.#weight = 2 / (period + 1)
    this.#seed = new Sma(period)
    this.#levels = new Float64Array(levels)
  }

  /** Returns the averages from the first to the last, undefined while too few values came. The array is used again. */
  next(value: number): Float64Array | undefined {
    if (this.#seeded) {
      let input = value
      for (const [index, level] of this.#levels.entries()) input = this.#levels[index] = level + this.#weight * (input - level)
      return this.#levels
    }
    const seed = this.#seed.next(value)
    if (seed === undefined) return undefined
    this.#seeded = true
    return this.#levels.fill(seed)
  }
}
