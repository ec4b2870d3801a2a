/** Double exponential moving average: 2 EMA - EMA(EMA). */

import { ChainedEma } from './chained-ema.ts'
import type { Indicator } from './indicator.ts'

export class Dema implements Indicator<number> {
  readonly #averages: ChainedEma

  constructor(period: number) {
    this.#averages = new ChainedEma(period, 2)
  }

  next(value: number): number | undefined {
    const averages = this.#averages.next(value)
    if (!averages) return undefined
    const [first = 0, second = 0] = averages
    return 2 * first - second
  }
}
