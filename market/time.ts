/**
 * Time of the tape: integer microseconds since 1970 UTC, dates as text (`YYYY-MM-DD`), and what the clocks of a zone show.
 */

import { TapedeckError } from './errors.ts'

/** Gives the market's now: the wall's when recording, the tape's in replay. Made by the code that starts a room. */
export interface MarketClock {
  /** Microseconds since 1970 UTC. */
  nowUs(): number
}

const US_PER_MS = 1000
const US_PER_SECOND = 1_000_000
const MS_PER_DAY = 86_400_000
const US_PER_DAY = MS_PER_DAY * US_PER_MS

/** After so many years the calendar repeats itself. */
const CYCLE_YEARS = 400
const CYCLE_DAYS = 146_097
const DATE = /^\d{4}-\d{2}-\d{2}$/
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d))$/

/**
 * ISO 8601 in UTC with all six digits of the fraction: `2014-06-05T13:31:00.000000Z`.
 *
 * @throws RangeError when `tsUs` is no safe integer.
 */
export function isoFromUs(tsUs: number): string {
  const secondUs = floorTo(checkedUs(tsUs), US_PER_SECOND)
  const fraction = String(tsUs - secondUs).padStart(6, '0')
  return `${new Date(secondUs / US_PER_MS).toISOString().slice(0, 19)}.${fraction}Z`
}

/**
 * Microseconds since 1970 UTC of an ISO 8601 time that names its offset (`Z`, `-04:00` or `-0400`).
 * Seconds may be absent; a fraction has up to six digits, more would not survive.
 *
 * @throws TapedeckError `invalid-time` when the text is anything else, or further than 2^53 microseconds from 1970.
 */
export function usFromIso(text: string): number {
  const [, date = '', hour, minute, second = '0', fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = ISO_TIME.exec(text) ?? []
  const day = parseDay(date)
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute))
  const seconds = (Number(hour) * 60 + Number(minute) - offsetMinutes) * 60 + Number(second)
  const tsUs = day === undefined ? Number.NaN : day * US_PER_DAY + seconds * US_PER_SECOND + Number(fraction.padEnd(6, '0'))
  if (!Number.isSafeInteger(tsUs)) {
    throw new TapedeckError(
      `expected a time such as 2014-06-05T13:31:00.000000Z (with Z or an offset, at most 6 digits of fraction), found ${JSON.stringify(text)}`,
      { code: 'invalid-time' },
    )
  }
  return tsUs
}

/** True for `YYYY-MM-DD` text that names a day which exists. */
export function isDate(text: string): boolean {
  return parseDay(text) !== undefined
}

/**
 * The date so many days later, or earlier when `days` is negative.
 *
 * @throws TapedeckError `invalid-date` when `date` is no date.
 * @throws RangeError when `days` is no integer or leaves the years 0 to 9999.
 */
export function addDays(date: string, days: number): string {
  if (!Number.isInteger(days)) throw new RangeError(`expected a whole number of days, found ${days}`)
  return dateOfDay(dayOfDate(date) + days)
}

/**
 * Calendar days from one date to another, negative when `to` is the earlier one.
 *
 * @throws TapedeckError `invalid-date` when either is no date.
 */
export function daysBetween(from: string, to: string): number {
  return dayOfDate(to) - dayOfDate(from)
}

/**
 * Day of the week: 0 Sunday to 6 Saturday.
 *
 * @throws TapedeckError `invalid-date` when `date` is no date.
 */
export function weekday(date: string): number {
  return new Date(dayOfDate(date) * MS_PER_DAY).getUTCDay()
}

/** Converts between the tape's time and the wall clocks of one zone. Cheap enough per tick: each UTC day asks Intl once. */
export interface Zone {
  /** IANA name. */
  readonly timeZone: string
  /**
   * The instant at which the zone's clocks show `msOfDay` (milliseconds, 0 to 86,400,000 for the next midnight) on `date`.
   * This is clock time, not time elapsed since midnight: 09:30 is 34,200,000 on every day.
   * A time that a change of clocks skips is read with the offset before the change (02:30 becomes 03:30);
   * one that comes twice is the earlier of the two.
   *
   * @throws TapedeckError `invalid-date` when `date` is no date; RangeError when `msOfDay` is out of range.
   */
  toUs(date: string, msOfDay: number): number
  /** The zone's date at that instant, `YYYY-MM-DD`. */
  dateOf(tsUs: number): string
  /** What the zone's clocks show, in whole milliseconds since 00:00, rounded down. */
  msOfDay(tsUs: number): number
  /** What to add to UTC to get the zone's clock time, in microseconds: negative west of Greenwich. */
  offsetUsAt(tsUs: number): number
}

/** The offsets of one UTC day: `beforeUs` up to `changeUs`, `afterUs` from then on. */
interface DayOffsets {
  dayUs: number
  beforeUs: number
  changeUs: number
  afterUs: number
}

/**
 * A zone with its own memory of the offsets it has met.
 *
 * @param timeZone IANA name, such as `America/New_York`.
 * @throws TapedeckError `unknown-time-zone`.
 */
export function createZone(timeZone: string): Zone {
  const format = zoneFormat(timeZone)
  const days = new Map<number, DayOffsets>()
  let latest: DayOffsets | undefined
  let latestDate = { dayUs: Number.NaN, text: '' }

  /** No zone changes twice within one UTC day, so equal offsets at both ends mean no change between. */
  function offsetsOfDay(dayUs: number): DayOffsets {
    const beforeUs = askOffsetUs(format, dayUs)
    const afterUs = askOffsetUs(format, dayUs + US_PER_DAY)
    if (beforeUs === afterUs) return { dayUs, beforeUs, changeUs: Number.POSITIVE_INFINITY, afterUs }
    let unchangedUs = dayUs
    let changeUs = dayUs + US_PER_DAY
    while (changeUs - unchangedUs > US_PER_SECOND) {
      const middleUs = unchangedUs + floorTo((changeUs - unchangedUs) / 2, US_PER_SECOND)
      if (askOffsetUs(format, middleUs) === beforeUs) unchangedUs = middleUs
      else changeUs = middleUs
    }
    return { dayUs, beforeUs, changeUs, afterUs }
  }

  function offsetUsAt(tsUs: number): number {
    const dayUs = floorTo(checkedUs(tsUs), US_PER_DAY)
    if (latest?.dayUs !== dayUs) {
      latest = days.get(dayUs) ?? offsetsOfDay(dayUs)
      days.set(dayUs, latest)
    }
    return tsUs < latest.changeUs ? latest.beforeUs : latest.afterUs
  }

  return {
    timeZone,
    offsetUsAt,

    toUs(date, msOfDay) {
      if (!Number.isInteger(msOfDay) || msOfDay < 0 || msOfDay > MS_PER_DAY) {
        throw new RangeError(`expected whole milliseconds of a day, 0 to ${MS_PER_DAY}, found ${msOfDay}`)
      }
      const wallUs = dayOfDate(date) * US_PER_DAY + msOfDay * US_PER_MS
      const beforeUs = offsetUsAt(wallUs - US_PER_DAY)
      const afterUs = offsetUsAt(wallUs + US_PER_DAY)
      const isAfterChange = offsetUsAt(wallUs - beforeUs) !== beforeUs && offsetUsAt(wallUs - afterUs) === afterUs
      return wallUs - (isAfterChange ? afterUs : beforeUs)
    },

    dateOf(tsUs) {
      const dayUs = floorTo(tsUs + offsetUsAt(tsUs), US_PER_DAY)
      if (latestDate.dayUs !== dayUs) latestDate = { dayUs, text: dateOfDay(dayUs / US_PER_DAY) }
      return latestDate.text
    },

    msOfDay(tsUs) {
      const wallUs = tsUs + offsetUsAt(tsUs)
      return Math.floor((wallUs - floorTo(wallUs, US_PER_DAY)) / US_PER_MS)
    },
  }
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const unit = 'numeric'
  const units = { year: unit, month: unit, day: unit, hour: unit, minute: unit, second: unit } as const
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', ...units })
  } catch (cause) {
    throw new TapedeckError(`expected an IANA time zone such as America/New_York, found ${JSON.stringify(timeZone)}`, {
      code: 'unknown-time-zone',
      cause,
    })
  }
}

/** Asks Intl (some 20 microseconds). `tsUs` is a whole second, as no zone changes between two. */
function askOffsetUs(format: Intl.DateTimeFormat, tsUs: number): number {
  const wall: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of format.formatToParts(tsUs / US_PER_MS)) wall[type] = Number(value)
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = wall
  return Date.UTC(year, month - 1, day, hour, minute, second) * US_PER_MS - tsUs
}

function checkedUs(tsUs: number): number {
  if (!Number.isSafeInteger(tsUs)) throw new RangeError(`expected whole microseconds since 1970 below 2^53, found ${tsUs}`)
  return tsUs
}

/** Exact for safe integers: below 2^53 a quotient is off by less than 1 / step, too little to reach the next whole number. */
function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step
}

/** Days since 1970-01-01, or `undefined` when the text is no date. */
function parseDay(text: string): number | undefined {
  if (!DATE.test(text)) return undefined
  const [year, month, day] = [numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10)]
  if (month < 1 || month > 12 || day < 1) return undefined
  // A year below 100 would be read as one of the 20th century.
  const ms = Date.UTC(year + CYCLE_YEARS, month - 1, day)
  // 30 February is read as 2 March.
  return day <= 28 || new Date(ms).getUTCDate() === day ? ms / MS_PER_DAY - CYCLE_DAYS : undefined
}

/** Of digits: slices of a text and their numbers cost three times as much. */
function numberAt(text: string, from: number, to: number): number {
  let number = 0
  for (let i = from; i < to; i++) number = 10 * number + text.charCodeAt(i) - 48
  return number
}

function dayOfDate(date: string): number {
  const day = parseDay(date)
  if (day === undefined) {
    throw new TapedeckError(`expected a date as YYYY-MM-DD, found ${JSON.stringify(date)}`, { code: 'invalid-date' })
  }
  return day
}

function dateOfDay(day: number): string {
  // toISOString costs five times as much.
  const date = new Date(day * MS_PER_DAY)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new RangeError(`expected a day in the years 0 to 9999, found one of the year ${year}`)
  return `${padded(year, 4)}-${padded(date.getUTCMonth() + 1, 2)}-${padded(date.getUTCDate(), 2)}`
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0')
}
