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

/** A bar of a broker's history: prices in currency per unit, or an annual fraction. What the broker has not is absent. */
export type HistoryBar = Pick<Bar, 'startUs'> & { [Field in Exclude<keyof Bar, 'startUs'>]: Bar[Field] | undefined }

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

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: SECONDS_PER_DAY }

/** Seconds of a length such as `1d`, `5m`, `1h`, `30s`; undefined when it is none, or longer than a day. */
export function parseBarLength(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  return seconds >= 1 && seconds <= SECONDS_PER_DAY ? seconds : undefined
}

/** `1d`, `5m`, `90s`: in the largest unit of which it is a multiple. */
export function barLength(seconds: number): string {
  const [unit, size] = Object.entries(UNIT_SECONDS)
    .toReversed()
    .find(([, size]) => seconds % size === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}

/** The interval of a bar. */
export interface Interval {
  startUs: number
  /** The first microsecond behind it. */
  endUs: number
}

/**
 * The interval that holds `tsUs`, as `barStart` counts them. One that begins before `opensUs` begins there instead: the first hour of a
 * session from 09:30 on is half an hour.
 */
export function barInterval(tsUs: number, seconds: number, zone: Zone, opensUs = Number.NEGATIVE_INFINITY): Interval {
  const startUs = barStart(tsUs, seconds, zone)
  // A day that changes its clocks is longer or shorter; its end is found by the date.
  const endUs = seconds === SECONDS_PER_DAY ? zone.toUs(zone.dateOf(startUs), SECONDS_PER_DAY * 1000) : startUs + seconds * US_PER_SECOND
  return { startUs: opensUs > tsUs ? startUs : Math.max(startUs, opensUs), endUs }
}

/** Trades of an interval that has no price yet. */
interface Unpriced {
  volume: number
  turnover: number
  trades: number
}

/** Gathers what comes in the order of time into bars. An interval in which no price came has no bar. */
export class BarBuilder {
  readonly #intervalOf: (tsUs: number) => Interval
  readonly #zone: Zone
  readonly #bars: Bar[] = []
  #turnover = 0
  #interval: Interval = { startUs: Number.NEGATIVE_INFINITY, endUs: Number.NEGATIVE_INFINITY }
  #unpriced: Unpriced = { volume: 0, turnover: 0, trades: 0 }
  /** The price that stands. */
  #standing: { price: number; date: string } | undefined

  /** `opensUs`: when the session of a moment opens; no bar begins before. */
  constructor(seconds: number, zone: Zone, opensUs?: (tsUs: number) => number | undefined) {
    this.#intervalOf = (tsUs) => barInterval(tsUs, seconds, zone, opensUs?.(tsUs))
    this.#zone = zone
  }

  /** `size` of 0 or less moves the price alone. */
  addTrade(tsUs: number, price: number, size: number): void {
    const bar = this.#barAt(tsUs, price)
    widen(bar, price)
    this.#count(bar, { volume: Math.max(size, 0), turnover: price * Math.max(size, 0), trades: 1 })
  }

  /**
   * A trade that sets no price: it counts in the bar of its interval, if that has a price or gets one.
   * Returns false while it has none.
   */
  addVolume(tsUs: number, price: number, size: number): boolean {
    const trade = { volume: Math.max(size, 0), turnover: price * Math.max(size, 0), trades: 1 }
    this.#enter(tsUs)
    const bar = this.#bars.at(-1)
    if (bar?.startUs === this.#interval.startUs) {
      this.#count(bar, trade)
      return true
    }
    addUp(this.#unpriced, trade)
    return false
  }

  /** A price that stands from here on: the next bar of the same day opens with it, unless another one has taken its place by then. */
  addPrice(tsUs: number, price: number): void {
    widen(this.#barAt(tsUs, this.#standingAt(tsUs) ?? price), price)
    this.#standing = { price, date: this.#zone.dateOf(tsUs) }
  }

  /** No price stands from here on. Returns false when none did. */
  endPrice(tsUs: number): boolean {
    const price = this.#standingAt(tsUs)
    const stood = this.#standing !== undefined
    if (price !== undefined) this.#barAt(tsUs, price)
    this.#standing = undefined
    return stood
  }

  /** All bars so far, the last one perhaps unfinished. */
  get bars(): readonly Bar[] {
    return this.#bars
  }

  /** The price that stood in the interval of `tsUs` before that; none where it ends with the interval's first microsecond. */
  #standingAt(tsUs: number): number | undefined {
    const standing = this.#standing
    if (!standing || standing.date !== this.#zone.dateOf(tsUs)) return undefined
    this.#enter(tsUs)
    return tsUs > this.#interval.startUs ? standing.price : undefined
  }

  #enter(tsUs: number): void {
    if (tsUs < this.#interval.endUs) return
    this.#interval = this.#intervalOf(tsUs)
    this.#unpriced = { volume: 0, turnover: 0, trades: 0 }
  }

  #barAt(tsUs: number, open: number): Bar {
    this.#enter(tsUs)
    const { startUs } = this.#interval
    const latest = this.#bars.at(-1)
    if (latest?.startUs === startUs) return latest
    const bar: Bar = { startUs, open, high: open, low: open, close: open, volume: 0, vwap: undefined, trades: 0 }
    this.#bars.push(bar)
    this.#turnover = 0
    this.#count(bar, this.#unpriced)
    return bar
  }

  #count(bar: Bar, { volume, turnover, trades }: Unpriced): void {
    bar.trades += trades
    if (volume === 0) return
    this.#turnover += turnover
    bar.volume += volume
    bar.vwap = this.#turnover / bar.volume
  }
}

function addUp(to: Unpriced, { volume, turnover, trades }: Unpriced): void {
  to.volume += volume
  to.turnover += turnover
  to.trades += trades
}

function widen(bar: Bar, price: number): void {
  bar.high = Math.max(bar.high, price)
  bar.low = Math.min(bar.low, price)
  bar.close = price
}
