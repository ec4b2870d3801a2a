/** Simple moving average: the mean of the last `period` values. */

import type { Indicator } from './indicator.ts'
import { RollingSum } from './rolling-sum.ts'

export class Sma implements Indicator<number> {
  readonly #sum: RollingSum
  readonly #period: number

  constructor(period: number) {
    this.#sum = new RollingSum(period)
    this.#period = period
  }

  next(value: number): number | undefined {
    const sum = this.#sum.next(value)
    return sum === undefined ? undefined : sum / this.#period
  }
}
