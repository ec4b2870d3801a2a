/** The account over the time of the tape: a point at the end of each minute in which a tick came, or of each bar, and one at the end. */

import { fromUnits } from '../engine/money.ts'
import type { Portfolio } from '../engine/portfolio.ts'
import { EquityPoints } from './equity-points.ts'

const MINUTE_US = 60_000_000

export class EquityCurve {
  readonly points = new EquityPoints()
  readonly #portfolio: Portfolio
  /** Where the minute of the latest tick ends. */
  #untilUs = Number.NaN
  #latestUs = Number.NaN

  constructor(portfolio: Portfolio) {
    this.#portfolio = portfolio
  }

  /** To be called before a tick is taken: what stood until then is the point of the minute before. */
  before(tsUs: number): void {
    if (!(tsUs < this.#untilUs)) {
      if (!Number.isNaN(this.#latestUs)) this.point(this.#latestUs)
      this.#untilUs = Math.floor(tsUs / MINUTE_US) * MINUTE_US + MINUTE_US
    }
    this.#latestUs = tsUs
  }

  point(tsUs: number): void {
    const { cash, equity, exposure } = this.#portfolio
    this.points.push(tsUs, fromUnits(cash), fromUnits(equity), fromUnits(exposure))
  }

  /** The data is over; what expired behind it counts at its last moment. */
  finish(): void {
    const { points } = this
    const last = points.at(-1)
    const tsUs = Number.isNaN(this.#latestUs) ? last?.tsUs : this.#latestUs
    if (tsUs === undefined) return
    if (last?.tsUs === tsUs) points.pop()
    this.point(tsUs)
  }
}
