/** Least-squares line through the last `period` values, by their number from 1, and how well it fits. */

import { type Indicator, requirePeriod } from './indicator.ts'
import { Window } from './window.ts'

export interface SlopeValue {
  /** Change a value. */
  slope: number
  /** Of the line at number 0, the one before the first value of the series. */
  intercept: number
  /** Population standard deviation of the values. */
  deviation: number
  /** Square of the correlation with the line; undefined where nothing deviates. */
  rSquared: number | undefined
  /** The line at the newest value. */
  line: number
}

export class Slope implements Indicator<number, SlopeValue> {
  readonly #window: Window
  #count = 0

  constructor(period = 14) {
    this.#window = new Window(requirePeriod(period, 2))
  }

  next(value: number): SlopeValue | undefined {
    this.#window.push(value)
    this.#count++
    if (!this.#window.full) return undefined
    const { length } = this.#window
    const meanX = this.#count - (length - 1) / 2
    const meanY = this.#window.mean()
    let xx = 0
    let yy = 0
    let xy = 0
    for (let by = length - 1; by >= 0; by--) {
      const x = this.#count - by - meanX
      const y = this.#window.back(by) - meanY
      xx += x * x
      yy += y * y
      xy += x * y
    }
    const slope = xy / xx
    const intercept = meanY - slope * meanX
    const rSquared = yy === 0 ? undefined : (xy * xy) / (xx * yy)
    return { slope, intercept, deviation: Math.sqrt(yy / length), rSquared, line: slope * this.#count + intercept }
  }
}
