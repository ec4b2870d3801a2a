/**
 * The figures of the day that IB sends beside a quote, out of the trades of a tape that has every trade: volume of all of them; open, high
 * and low of those in the contract's regular hours that set a price; and, from the second day of the tape on, the close of the day before.
 */

import { nyse, type TradingSession } from '../../../market/calendar/calendar.ts'
import { TapedeckError } from '../../../market/errors.ts'
import type { ContractHours } from '../contracts/contract-hours.ts'
import { setsPrice } from '../../../market/trade-conditions.ts'
import type { Trade } from '../../../market/tick.ts'

export type DayFigure = readonly [name: string, value: number]

/** Trades from 20:00 in New York on belong to the next day. */
const ROLL_MS = 20 * 3_600_000
const ROLL_AHEAD_US = 4 * 3_600_000_000

export class DayFigures {
  /** The day ends here; its regular hours. */
  #untilUs = Number.NEGATIVE_INFINITY
  #openUs = Number.NaN
  #closeUs = Number.NaN
  #volume = 0
  #high = Number.NEGATIVE_INFINITY
  #low = Number.POSITIVE_INFINITY
  /** Of the latest trade that set a price in regular hours. */
  #close = Number.NaN
  readonly #hours: ContractHours

  constructor(hours: ContractHours) {
    this.#hours = hours
  }

  /** Takes a trade; returns the figures that it changes. */
  take(trade: Trade): DayFigure[] {
    const { tsUs, price, size = 0 } = trade
    const changed: DayFigure[] = []
    if (tsUs >= this.#untilUs) this.#begin(tsUs, changed)
    if (size > 0) {
      this.#volume += size
      changed.push(['day-volume', this.#volume])
    }
    if (!(tsUs >= this.#openUs && tsUs < this.#closeUs) || !setsPrice(trade)) return changed
    if (this.#high === Number.NEGATIVE_INFINITY) changed.push(['day-open', price])
    if (price > this.#high) changed.push(['day-high', price])
    if (price < this.#low) changed.push(['day-low', price])
    this.#high = Math.max(this.#high, price)
    this.#low = Math.min(this.#low, price)
    this.#close = price
    return changed
  }

  #begin(tsUs: number, changed: DayFigure[]): void {
    const date = nyse.zone.dateOf(tsUs + ROLL_AHEAD_US)
    this.#untilUs = nyse.zone.toUs(date, ROLL_MS)
    const { openUs = Number.NaN, closeUs = Number.NaN } = regularHours(date, this.#hours) ?? {}
    this.#openUs = openUs
    this.#closeUs = closeUs
    this.#volume = 0
    this.#high = Number.NEGATIVE_INFINITY
    this.#low = Number.POSITIVE_INFINITY
    if (!Number.isNaN(this.#close)) changed.push(['previous-close', this.#close])
  }
}

/** Undefined for a day on which the market stays closed. All of a day counts that the calendar does not know. */
function regularHours(date: string, hours: ContractHours): Pick<TradingSession, 'openUs' | 'closeUs'> | undefined {
  const sessions = hours.regularOn(date)
  const [first, last] = [sessions.at(0), sessions.at(-1)]
  if (first && last) return { openUs: first.openUs, closeUs: last.closeUs }
  try {
    // Throws when the calendar does not know the day, so that nothing says that it is closed.
    nyse.session(date)
    return undefined
  } catch (error) {
    if (error instanceof TapedeckError) return { openUs: Number.NEGATIVE_INFINITY, closeUs: Number.POSITIVE_INFINITY }
    throw error
  }
}
