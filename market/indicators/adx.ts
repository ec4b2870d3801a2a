/** Average directional index with Wilder's smoothing, with its two directional indicators; all of them 0 to 100. */

import { type Indicator, type Prices, requirePeriod } from './indicator.ts'
import { TrueRange } from './true-range.ts'
import { Wilder } from './wilder.ts'
import { Window } from './window.ts'

export interface AdxValue {
  plusDi: number
  minusDi: number
  dx: number
  /** Undefined while too few values of `dx` came. */
  adx: number | undefined
  /** Mean of `adx` and the one `period` bars before. */
  adxr: number | undefined
}

export class Adx implements Indicator<Prices, AdxValue> {
  readonly #range = new TrueRange()
  readonly #averageRange: Wilder
  readonly #plus: Wilder
  readonly #minus: Wilder
  readonly #average: Wilder
  readonly #averages: Window
  #before: Prices | undefined

  constructor(period = 14) {
    requirePeriod(period, 2)
    this.#averageRange = new Wilder(period)
    this.#plus = new Wilder(period)
    this.#minus = new Wilder(period)
    this.#average = new Wilder(period)
    this.#averages = new Window(period + 1)
  }

  next(bar: Prices): AdxValue | undefined {
    const range = this.#range.next(bar)
    const before = this.#before
    this.#before = bar
    if (range === undefined || !before) return undefined
    const up = bar.high - before.high
    const down = before.low - bar.low
    const averageRange = this.#averageRange.next(range)
    const plus = this.#plus.next(up > down && up > 0 ? up : 0)
    const minus = this.#minus.next(down > up && down > 0 ? down : 0)
    if (averageRange === undefined || plus === undefined || minus === undefined) return undefined
    const plusDi = averageRange === 0 ? 0 : (100 * plus) / averageRange
    const minusDi = averageRange === 0 ? 0 : (100 * minus) / averageRange
    const dx = plusDi + minusDi === 0 ? 0 : (100 * Math.abs(plusDi - minusDi)) / (plusDi + minusDi)
    return { plusDi, minusDi, dx, ...this.#smooth(dx) }
  }

  #smooth(dx: number): Pick<AdxValue, 'adx' | 'adxr'> {
    const adx = this.#average.next(dx)
    if (adx === undefined) return { adx, adxr: undefined }
    this.#averages.push(adx)
    return { adx, adxr: this.#averages.full ? (adx + this.#averages.oldest) / 2 : undefined }
  }
}
