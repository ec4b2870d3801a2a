/** The latest price of each instrument that was traded or that a bar closed with, and the quote where there is none of the day. */

import { isMarked, Mark } from '../../market/marks.ts'
import type { Trade } from '../../market/tick.ts'
import { setsPrice } from '../../market/trade-conditions.ts'
import type { Venue } from './venue.ts'

export class LastPrices {
  readonly #venue: Venue
  readonly #last = new Map<number, { price: number; tsUs: number }>()

  constructor(venue: Venue) {
    this.#venue = venue
  }

  take(instrument: number, price: number, tsUs: number): void {
    const last = this.#last.get(instrument)
    if (last === undefined) this.#last.set(instrument, { price, tsUs })
    else {
      last.price = price
      last.tsUs = tsUs
    }
  }

  /** Takes a trade that sets a price. Returns false for one that does not, and for the first value of a line: that was traded before, maybe on another day. */
  takeTrade(trade: Trade): boolean {
    if (!setsPrice(trade)) return false
    const { instrument, price, tsUs } = trade
    const isOfNow = !isMarked(trade, Mark.initial)
    this.take(instrument, price, isOfNow ? tsUs : (this.#last.get(instrument)?.tsUs ?? Number.NEGATIVE_INFINITY))
    return isOfNow
  }

  /** A split changes what a price means. */
  scale(instrument: number, factor: number): void {
    const last = this.#last.get(instrument)
    if (last) last.price *= factor
  }

  /** The last one since `sinceUs`, else the middle of the quote that stands, else the last one that there was. Undefined: none. */
  of(instrument: number, sinceUs = Number.NEGATIVE_INFINITY): number | undefined {
    const last = this.#last.get(instrument)
    if (last && last.tsUs >= sinceUs) return last.price
    return this.#venue.book(instrument)?.mid ?? last?.price
  }
}
