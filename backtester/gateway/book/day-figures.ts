/**
 * The figures of the day that IB sends beside a quote, out of the trades of a tape that has every trade: volume of all of them; open, high
 * and low of those in regular hours that set a price; and, from the second day of the tape on, the close of the day before.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { setsPrice } from '../../../market/trade-conditions.ts'
import type { Trade } from '../../../market/tick.ts'

export type DayFigure = readonly [name: string, value: number]

/** Trades behind 20:00 in New York belong to the next day. */
const ROLL_US = 4 * 3_600_000_000

export class DayFigures {
  #date = ''
  #volume = 0
  #high = Number.NEGATIVE_INFINITY
  #low = Number.POSITIVE_INFINITY
  /** Of the latest trade that set a price in regular hours. */
  #close = Number.NaN

  /** Takes a trade; returns the figures that it changes. */
  take(trade: Trade): DayFigure[] {
    const { tsUs, price, size = 0 } = trade
    const changed: DayFigure[] = []
    const date = nyse.zone.dateOf(tsUs + ROLL_US)
    if (date !== this.#date) this.#begin(date, changed)
    if (size > 0) {
      this.#volume += size
      changed.push(['day-volume', this.#volume])
    }
    if (!setsPrice(trade) || !isRegular(tsUs)) return changed
    if (this.#high === Number.NEGATIVE_INFINITY) changed.push(['day-open', price])
    if (price > this.#high) changed.push(['day-high', price])
    if (price < this.#low) changed.push(['day-low', price])
    this.#high = Math.max(this.#high, price)
    this.#low = Math.min(this.#low, price)
    this.#close = price
    return changed
  }

  #begin(date: string, changed: DayFigure[]): void {
    this.#date = date
    this.#volume = 0
    this.#high = Number.NEGATIVE_INFINITY
    this.#low = Number.POSITIVE_INFINITY
    if (!Number.isNaN(this.#close)) changed.push(['previous-close', this.#close])
  }
}

/** A day that the calendar does not know has no hours: all of it counts. */
function isRegular(tsUs: number): boolean {
  try {
    return nyse.isOpenAt(tsUs)
  } catch (error) {
    if (error instanceof TapedeckError) return true
    throw error
  }
}
