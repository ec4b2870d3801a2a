/** Hull moving average: WMA over sqrt(period) of 2 WMA(period / 2) - WMA(period); halves and roots rounded down. */

import { type Indicator, requirePeriod } from './indicator.ts'
import { Wma } from './wma.ts'

export class Hma implements Indicator<number> {
  readonly #half: Wma
  readonly #whole: Wma
  readonly #smooth: Wma

  constructor(period: number) {
    requirePeriod(period, 2)
    this.#half = new Wma(Math.floor(period / 2))
    this.#whole = new Wma(period)
    this.#smooth = new Wma(Math.floor(Math.sqrt(period)))
  }

  next(value: number): number | undefined {
    const half = this.#half.next(value)
    const whole = this.#whole.next(value)
    return half === undefined || whole === undefined ? undefined : this.#smooth.next(2 * half - whole)
  }
}
