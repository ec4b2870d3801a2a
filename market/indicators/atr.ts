/** Average true range with Wilder's smoothing. */

import type { Indicator, Prices } from './indicator.ts'
import { TrueRange } from './true-range.ts'
import { Wilder } from './wilder.ts'

export class Atr implements Indicator<Prices> {
  readonly #range = new TrueRange()
  readonly #average: Wilder

  constructor(period = 14) {
    this.#average = new Wilder(period)
  }

  next(bar: Prices): number | undefined {
    const range = this.#range.next(bar)
    return range === undefined ? undefined : this.#average.next(range)
  }
}
