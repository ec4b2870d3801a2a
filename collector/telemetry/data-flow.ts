/**
 * Whether market data flows. An answer of the gateway proves a socket; only data proves data.
 *
 * States: none (nothing came yet) -> flowing -> silent (nothing came for longer than 15 s and than 20 times the usual interval of the
 * last minutes) -> flowing. Silence is a fault only while data is expected (`dataIsExpected`).
 */

import type { TradingCalendar } from '../../market/calendar/calendar.ts'
import { TapedeckError } from '../../market/errors.ts'

const SILENT_MS = 15_000
const SILENT_INTERVALS = 20
const BUCKET_MS = 10_000
const BUCKETS = 30

interface Bucket {
  ms: number
  ticks: number
}

export class DataFlow {
  /** Ticks of the last minutes in which some came, by the time of their begin. */
  readonly #buckets: Bucket[] = []
  #ticks = 0
  #lastDataMs: number | undefined

  /**
   * To be called several times a second.
   *
   * @param ticks received so far
   */
  sample(ticks: number, nowMs: number): void {
    if (ticks === this.#ticks) return
    let bucket = this.#buckets.at(-1)
    if (!bucket || nowMs - bucket.ms >= BUCKET_MS) {
      bucket = { ms: nowMs, ticks: 0 }
      this.#buckets.push(bucket)
      if (this.#buckets.length > BUCKETS) this.#buckets.shift()
    }
    bucket.ticks += ticks - this.#ticks
    this.#ticks = ticks
    this.#lastDataMs = nowMs
  }

  /** Since when no tick came on any line, in milliseconds; undefined while data flows, and before the first tick. */
  silentMs(nowMs: number): number | undefined {
    if (this.#lastDataMs === undefined) return undefined
    const silentMs = nowMs - this.#lastDataMs
    return silentMs > Math.max(SILENT_MS, SILENT_INTERVALS * this.#usualMs(this.#lastDataMs)) ? silentMs : undefined
  }

  #usualMs(lastDataMs: number): number {
    const ticks = this.#buckets.reduce((sum, bucket) => sum + bucket.ticks, 0)
    return (lastDataMs - (this.#buckets[0]?.ms ?? lastDataMs)) / Math.max(1, ticks)
  }
}

const MINUTE_US = 60_000_000
/** After the close of the session: options on some indices and funds trade until then. */
const LATE_CLOSE_US = 15 * MINUTE_US
/** Data that stops so soon behind an end of trading stops because of it. */
export const TRAILING_US = 5 * MINUTE_US

/** The latest end of trading up to `nowUs`: of a session, of what trades longer than it, or of its extended hours. */
function latestEndUs(calendar: TradingCalendar, nowUs: number): number {
  const today = calendar.zone.dateOf(nowUs)
  const ends = [calendar.previousSession(today).date, today].flatMap((date) => {
    const hours = calendar.tradingHours(date)
    return hours ? [hours.closeUs, hours.closeUs + LATE_CLOSE_US, hours.extendedCloseUs] : []
  })
  return Math.max(...ends.filter((endUs) => endUs <= nowUs))
}

/**
 * Returns what says of the time of a last tick whether data is expected at `nowUs`: within a session always; outside of one only when
 * data flowed there and no end of trading explains that it does not any more.
 */
export function expectationAt(calendar: TradingCalendar, nowUs: number): (lastTickUs: number | undefined) => boolean {
  try {
    if (calendar.isOpenAt(nowUs)) return () => true
    const endUs = latestEndUs(calendar, nowUs)
    return (lastTickUs) => lastTickUs !== undefined && endUs < lastTickUs - TRAILING_US
  } catch (error) {
    // A day that the calendar does not know.
    if (error instanceof TapedeckError) return () => true
    throw error
  }
}

/** Whether data is expected at `nowUs`, when the last came at `lastTickUs`. */
export function dataIsExpected(calendar: TradingCalendar, lastTickUs: number | undefined, nowUs: number): boolean {
  return expectationAt(calendar, nowUs)(lastTickUs)
}
