/** Relative strength index with Wilder's smoothing, 0 to 100. Without any loss it is 100, also where nothing moved. */

import type { Indicator } from './indicator.ts'
import { Wilder } from './wilder.ts'

export class Rsi implements Indicator<number> {
  readonly #gain: Wilder
  readonly #loss: Wilder
  #before: number | undefined

  constructor(period = 14) {
    this.#gain = new Wilder(period)
    this.#loss = new Wilder(period)
  }

  next(value: number): number | undefined {
    const before = this.#before
    this.#before = value
    if (before === undefined) return undefined
    const gain = this.#gain.next(Math.max(value - before, 0))
    const loss = this.#loss.next(Math.max(before - value, 0))
    if (gain === undefined || loss === undefined) return undefined
    return loss > 0 ? 100 - 100 / (1 + gain / loss) : 100
  }
}
