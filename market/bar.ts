/** Bars (candles) of trades or of a price that stands until it changes, such as the middle of a quote. */

import type { Zone } from './time.ts'

export interface Bar {
  /** First microsecond of the bar's interval. */
  startUs: number
  open: number
  high: number
  low: number
  close: number
  /** Units traded; 0 for bars of a price. */
  volume: number
  /** Average price weighted by size; undefined without volume. */
  vwap: number | undefined
  trades: number
}

export const SECONDS_PER_DAY = 86_400
const US_PER_SECOND = 1_000_000

/**
 * The first microsecond of the interval that holds `tsUs`. Intervals are counted from midnight on the zone's clocks.
 *
 * @param seconds 1 to a day; a day's bar is the zone's calendar day.
 * @throws RangeError for any other length.
 */
export function barStart(tsUs: number, seconds: number, zone: Zone): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > SECONDS_PER_DAY)
    throw new RangeError(`expected a bar of 1 to ${SECONDS_PER_DAY} whole seconds, found ${seconds}`)
  if (seconds === SECONDS_PER_DAY) return zone.toUs(zone.dateOf(tsUs), 0)
  const stepUs = seconds * US_PER_SECOND
  const offsetUs = zone.offsetUsAt(tsUs)
  return Math.floor((tsUs + offsetUs) / stepUs) * stepUs - offsetUs
}

/** Gathers what comes in the order of time into bars. An interval in which nothing came has no bar. */
export class BarBuilder {
  readonly #seconds: number
  readonly #zone: Zone
  readonly #bars: Bar[] = []
  #turnover = 0
  #endUs = Number.NEGATIVE_INFINITY

  constructor(seconds: number, zone: Zone) {
    this.#seconds = seconds
    this.#zone = zone
  }

  /** `size` of 0 or less moves the price alone. */
  addTrade(tsUs: number, price: number, size: number): void {
    const bar = this.#barAt(tsUs, price)
    widen(bar, price)
    bar.trades++
    if (!(size > 0)) return
    this.#turnover += price * size
    bar.volume += size
    bar.vwap = this.#turnover / bar.volume
  }

  /** A price that stands from here on: the next bar of the same day opens with it. */
  addPrice(tsUs: number, price: number): void {
    const before = this.#bars.at(-1)
    const stands = before !== undefined && this.#zone.dateOf(before.startUs) === this.#zone.dateOf(tsUs)
    widen(this.#barAt(tsUs, stands ? before.close : price), price)
  }

  /** All bars so far, the last one perhaps unfinished. */
  get bars(): readonly Bar[] {
    return this.#bars
  }

  #barAt(tsUs: number, open: number): Bar {
    const latest = this.#bars.at(-1)
    if (latest && tsUs < this.#endUs) return latest
    const startUs = barStart(tsUs, this.#seconds, this.#zone)
    const bar: Bar = { startUs, open, high: open, low: open, close: open, volume: 0, vwap: undefined, trades: 0 }
    this.#bars.push(bar)
    this.#turnover = 0
    // A day that changes its clocks is longer or shorter; its next bar is found by the date.
    this.#endUs = this.#seconds === SECONDS_PER_DAY ? this.#nextMidnight(startUs) : startUs + this.#seconds * US_PER_SECOND
    return bar
  }

  #nextMidnight(startUs: number): number {
    const msPerDay = SECONDS_PER_DAY * 1000
    return this.#zone.toUs(this.#zone.dateOf(startUs), msPerDay)
  }
}

function widen(bar: Bar, price: number): void {
  bar.high = Math.max(bar.high, price)
  bar.low = Math.min(bar.low, price)
  bar.close = price
}
