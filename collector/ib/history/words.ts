/** Requests for history in IB's words. */

import type { BarsQuery } from '../link/link.ts'
import { SECONDS_PER_DAY } from '../../../market/bar.ts'

const US_PER_SECOND = 1_000_000

/** What IB makes bars of, by our name of it. */
const SHOWS = {
  trades: 'TRADES',
  midpoint: 'MIDPOINT',
  bid: 'BID',
  ask: 'ASK',
  'bid-ask': 'BID_ASK',
  'implied-volatility': 'OPTION_IMPLIED_VOLATILITY',
  'historical-volatility': 'HISTORICAL_VOLATILITY',
} as const

export interface BarsWanted {
  series: keyof typeof SHOWS
  seconds: number
  fromUs: number
  toUs: number
  /** Market days up to that of `toUs`; absent: the time from `fromUs` to `toUs`. */
  days?: number
}

export function barsQuery({ series, seconds, fromUs, toUs, days }: BarsWanted): BarsQuery {
  return {
    // The second before the end of the last day: midnight would be the next day's to some versions.
    end: utcTime(days === undefined ? toUs : toUs - US_PER_SECOND),
    duration: days === undefined ? `${Math.round((toUs - fromUs) / US_PER_SECOND)} S` : `${days} D`,
    size: barSize(seconds),
    show: SHOWS[series],
  }
}

/** `20140605-13:30:00`: without a zone IB takes a time for one of its login's. */
export function utcTime(tsUs: number): string {
  const [day = '', time = ''] = new Date(tsUs / 1000).toISOString().split('T')
  return `${day.replaceAll('-', '')}-${time.slice(0, 8)}`
}

function barSize(seconds: number): string {
  if (seconds === SECONDS_PER_DAY) return '1 day'
  if (seconds >= 3600) return seconds === 3600 ? '1 hour' : `${seconds / 3600} hours`
  if (seconds >= 60) return seconds === 60 ? '1 min' : `${seconds / 60} mins`
  return `${seconds} secs`
}
