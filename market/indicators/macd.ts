/** Moving average convergence divergence: fast EMA - slow EMA, and an EMA of that as signal, begun with the mean of its first values. */

import { Ema } from './ema.ts'
import type { Indicator } from './indicator.ts'

export interface MacdValue {
  macd: number
  /** Undefined while too few values of `macd` came. */
  signal: number | undefined
  histogram: number | undefined
}

export class Macd implements Indicator<number, MacdValue> {
  readonly #fast: Ema
  readonly #slow: Ema
  readonly #signal: Ema

  /** @throws RangeError unless `fast` is shorter than `slow` */
  constructor({ fast = 12, slow = 26, signal = 9 }: { fast?: number; slow?: number; signal?: number } = {}) {
    if (fast >= slow) throw new RangeError(`expected a fast period below the slow one of ${slow}, found ${fast}`)
    this.#fast = new Ema(fast)
    this.#slow = new Ema(slow)
    this.#signal = new Ema(signal)
  }

  next(value: number): MacdValue | undefined {
    const fast = this.#fast.next(value)
    const slow = this.#slow.next(value)
    if (fast === undefined || slow === undefined) return undefined
    const macd = fast - slow
    const signal = this.#signal.next(macd)
    return { macd, signal, histogram: signal === undefined ? undefined : macd - signal }
  }
}
