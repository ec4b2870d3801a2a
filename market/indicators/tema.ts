/** Triple exponential moving average: 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)). */

import { ChainedEma } from './chained-ema.ts'
import type { Indicator } from './indicator.ts'

export class Tema implements Indicator<number> {
  readonly #averages: ChainedEma

  constructor(period: number) {
    this.#averages = new ChainedEma(period, 3)
  }

  next(value: number): number | undefined {
    const averages = this.#averages.next(value)
    if (!averages) return undefined
    const [first = 0, second = 0, third = 0] = averages
    return 3 * first - 3 * second + third
  }
}
