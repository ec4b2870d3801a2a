/** Times, durations and bar sizes of history requests as IB writes them. */

import { nyse } from '../../../market/calendar/calendar.ts'
import { SECONDS_PER_DAY } from '../../../market/bar.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { createZone, isDate, type Zone } from '../../../market/time.ts'

const US_PER_SECOND = 1_000_000
const US_PER_DAY = SECONDS_PER_DAY * US_PER_SECOND
/** `20140605-13:30:00` in UTC, `20140605 09:30:00 US/Eastern`, or without a zone. */
const TIME = /^(\d{4})(\d{2})(\d{2})(-| {1,2})(\d{2}):(\d{2}):(\d{2})(?: (\S.*))?$/
const DURATION = /^(\d{1,6}) ([SDWMY])$/
const MAX_DAYS = 366 * 40

export interface WireTime {
  tsUs: number
  /** False when the zone had to be guessed, New York's. */
  isExplicit: boolean
}

/** Undefined when the text is no time. */
export function parseTime(text: string): WireTime | undefined {
  const [, year, month, day, separator, hour, minute, second, zoneName] = TIME.exec(text) ?? []
  const date = `${year}-${month}-${day}`
  const msOfDay = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
  if (!isDate(date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (separator === '-' && zoneName !== undefined) return undefined
  const zone = separator === '-' ? createZone('UTC') : zoneName === undefined ? nyse.zone : zoneOf(zoneName)
  return zone && { tsUs: zone.toUs(date, msOfDay), isExplicit: separator === '-' || zoneName !== undefined }
}

/** A moment as answers name it: `20140605 09:30:00 US/Eastern`. */
export function timeText(tsUs: number): string {
  const { zone } = nyse
  return `${dateText(tsUs)} ${new Date(zone.msOfDay(tsUs)).toISOString().slice(11, 19)} US/Eastern`
}

/** A day as answers name it: `20140605`. */
export function dateText(tsUs: number): string {
  return nyse.zone.dateOf(tsUs).replaceAll('-', '')
}

/**
 * When a duration before `endUs` begins. Days are market days, the last one being that of `endUs`; weeks, months (30 days) and years
 * (365 days) are counted by the calendar. Undefined when the text is no duration.
 */
export function startOfDuration(text: string, endUs: number): number | undefined {
  const [, digits, unit] = DURATION.exec(text) ?? []
  const count = Number(digits)
  if (!(count >= 1)) return undefined
  if (unit === 'S') return endUs - count * US_PER_SECOND
  if (unit === 'D') return startOfDays(count, endUs)
  const days = count * (unit === 'W' ? 7 : unit === 'M' ? 30 : 365)
  return days > MAX_DAYS ? undefined : endUs - days * US_PER_DAY
}

function startOfDays(days: number, endUs: number): number | undefined {
  if (days > MAX_DAYS) return undefined
  try {
    let date = nyse.zone.dateOf(endUs - 1)
    if (!nyse.isSession(date)) ({ date } = nyse.previousSession(date))
    for (let back = 1; back < days; back++) ({ date } = nyse.previousSession(date))
    return nyse.zone.toUs(date, 0)
  } catch (error) {
    // Before the calendar begins there is nothing on a tape either.
    if (error instanceof TapedeckError) return endUs - days * US_PER_DAY
    throw error
  }
}

export const SECONDS_PER_WEEK = 7 * SECONDS_PER_DAY
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  sec: 1,
  min: 60,
  hour: 3600,
  day: SECONDS_PER_DAY,
  week: SECONDS_PER_WEEK,
  month: 30 * SECONDS_PER_DAY,
}
/** What IB offers of each unit. */
const BAR_COUNTS: Readonly<Record<string, readonly number[]>> = {
  sec: [1, 5, 10, 15, 30],
  min: [1, 2, 3, 5, 10, 15, 20, 30],
  hour: [1, 2, 3, 4, 8],
  day: [1],
  week: [1],
  month: [1],
}

/** IB's short names. */
const LONG_BAR_SIZES: ReadonlyMap<string, string> = new Map([
  ['1D', '1 day'],
  ['1W', '1 week'],
  ['1M', '1 month'],
])

/** Seconds of a bar size such as `1 secs`, `5 mins`, `1 hour`, `1 day`, `1W`; a month counts 30 days. Undefined for what IB does not have. */
export function barSeconds(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,2}) (sec|min|hour|day|week|month)s?$/.exec(LONG_BAR_SIZES.get(text) ?? text) ?? []
  const count = Number(digits)
  return BAR_COUNTS[unit]?.includes(count) ? count * (UNIT_SECONDS[unit] ?? 0) : undefined
}

/** Undefined when there is no such zone. */
function zoneOf(name: string): Zone | undefined {
  try {
    return createZone(name)
  } catch (error) {
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}
