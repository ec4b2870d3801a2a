/** The latest price of each instrument that was traded or that a bar closed with, and the quote where there is none of the day. */

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
