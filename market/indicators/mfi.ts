/** Money flow index: the share of typical price times volume that came on rising typical prices, 0 to 100. Without any falling it is 100. */

import type { Indicator, PricesAndVolume } from './indicator.ts'
import { Window } from './window.ts'

export class Mfi implements Indicator<PricesAndVolume> {
  /** Money by bar: above 0 where the typical price rose, below 0 where it fell. */
  readonly #flows: Window
  #before: number | undefined

  constructor(period = 14) {
    this.#flows = new Window(period)
  }

  next({ high, low, close, volume }: PricesAndVolume): number | undefined {
    const typical = (high + low + close) / 3
    const before = this.#before
    this.#before = typical
    if (before === undefined) return undefined
    this.#flows.push(Math.sign(typical - before) * typical * volume)
    if (!this.#flows.full) return undefined
    const rising = this.#flows.sumOf((flow) => Math.max(flow, 0))
    const falling = this.#flows.sumOf((flow) => Math.max(-flow, 0))
    return falling === 0 ? 100 : 100 - 100 / (1 + rising / falling)
  }
}
