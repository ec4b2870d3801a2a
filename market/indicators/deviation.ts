/** Population standard deviation of the last `period` values, with their mean and how far the newest lies from it. */

import type { Indicator } from './indicator.ts'
import { Window } from './window.ts'

export interface DeviationValue {
  mean: number
  deviation: number
  /** The newest value less the mean, in deviations; undefined where nothing deviates. */
  zScore: number | undefined
}

export class Deviation implements Indicator<number, DeviationValue> {
  readonly #window: Window

  constructor(period: number) {
    this.#window = new Window(period)
  }

  next(value: number): DeviationValue | undefined {
    this.#window.push(value)
    if (!this.#window.full) return undefined
    const mean = this.#window.mean()
    const deviation = this.#deviation(mean)
    return { mean, deviation, zScore: scoreOf(value, mean, deviation) }
  }

  /** Takes the next value, as `next` does, for who wants nothing but the score. */
  nextScore(value: number): number | undefined {
    this.#window.push(value)
    if (!this.#window.full) return undefined
    const mean = this.#window.mean()
    return scoreOf(value, mean, this.#deviation(mean))
  }

  #deviation(mean: number): number {
    return Math.sqrt(this.#window.squares(mean) / this.#window.length)
  }
}

function scoreOf(value: number, mean: number, deviation: number): number | undefined {
  return deviation === 0 ? undefined : (value - mean) / deviation
}
