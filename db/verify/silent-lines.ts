/**
 * Lines that were open for long in the hours of the market and gave nothing. No proof that data is missing, for an option may be that
 * quiet; but a line begins with its first values, and the watchdog names those that are dead.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'

export interface SilentLine {
  instrument: number
  fromTsUs: number
  toTsUs: number
}

/** Of the hours of the market. */
const LONG_US = 30 * 60_000_000

export class SilentLines {
  readonly found: SilentLine[] = []
  /** Since when each market-data line is open without a tick. */
  readonly #waiting = new Map<number, number>()
  #lastTsUs = 0

  take(record: TapeRecord): void {
    this.#lastTsUs = record.tsUs
    if (isTick(record)) {
      if (this.#waiting.size > 0) this.#waiting.delete(record.instrument)
    } else if (record.kind === 'line' && record.feed === undefined) {
      if (record.event === 'opened') this.#waiting.set(record.instrument, record.tsUs)
      else this.#close(record.instrument, record.untilTsUs ?? record.tsUs)
    }
  }

  /** The tape ends here. */
  finish(): void {
    for (const instrument of this.#waiting.keys()) this.#close(instrument, this.#lastTsUs)
  }

  #close(instrument: number, toTsUs: number): void {
    const fromTsUs = this.#waiting.get(instrument)
    this.#waiting.delete(instrument)
    if (fromTsUs !== undefined && hoursWithin(fromTsUs, toTsUs) >= LONG_US) this.found.push({ instrument, fromTsUs, toTsUs })
  }
}

/** Microseconds of trading sessions between two times. */
function hoursWithin(fromTsUs: number, toTsUs: number): number {
  const { zone } = nyse
  return nyse
    .sessions(zone.dateOf(fromTsUs), zone.dateOf(toTsUs))
    .reduce((sum, { openUs, closeUs }) => sum + Math.max(0, Math.min(closeUs, toTsUs) - Math.max(openUs, fromTsUs)), 0)
}
