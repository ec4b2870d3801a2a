/**
 * Dates and times as publishers write them. Without a format they are ISO 8601: `2013-01-02` or `20130102`, with `09:30`, `09:30:00` or
 * `T09:30:00Z` behind. A format names the parts: YYYY, YY (1970 to 2069), MM, MMM (Jan), DD, HH, mm, ss; anything else stands for itself:
 * `MM/DD/YYYY HH:mm`. Times are those of the exchange, unless they end in Z or an offset.
 */

import { ConfigError } from '../../market/errors.ts'
import { isDate, usFromIso, type Zone } from '../../market/time.ts'
import { SECONDS_PER_DAY } from '../../market/bar.ts'

/** When a bar is. */
export interface BarTime {
  /** `YYYY-MM-DD` at the exchange. */
  date: string
  /** Days since 1970. */
  day: number
  startUs: number
}

interface Parts {
  date: string
  /** Undefined: the text has no time. */
  msOfDay?: number | undefined
  /** Behind the time: Z or an offset. */
  offset?: string | undefined
}

const ISO = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)?)?$/
const TOKEN = /YYYY|YY|MMM|MM|DD|HH|mm|ss/g
const PATTERNS: Readonly<Record<string, string>> = {
  YYYY: '(?<YYYY>\\d{4})',
  YY: '(?<YY>\\d\\d)',
  MMM: '(?<MMM>[A-Za-z]{3})',
  MM: '(?<MM>\\d{1,2})',
  DD: '(?<DD>\\d{1,2})',
  HH: '(?<HH>\\d{1,2})',
  mm: '(?<mm>\\d\\d)',
  ss: '(?<ss>\\d\\d)',
}
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const FIRST_YEAR = '1900'
const LAST_YEAR = '2199'
const MS_PER_DAY = 86_400_000
/** Rows of one time are many, and of one file near each other. */
const REMEMBERED = 100_000

export interface DateOptions {
  dateFormat?: string | undefined
  zone: Zone
  /** Length of a bar. */
  seconds: number
  stamp: 'start' | 'end'
}

/**
 * Makes the function that reads the dates of a file. It returns what was expected instead, as text, where one cannot be read.
 *
 * @throws ConfigError `date-format`
 */
export function dateReader(options: DateOptions): (text: string) => BarTime | string {
  const read = options.dateFormat === undefined ? readIso : formatReader(options.dateFormat)
  const expected =
    options.dateFormat === undefined ? 'a date as YYYY-MM-DD (--date-format says otherwise)' : `a date as ${options.dateFormat}`
  const known = new Map<string, BarTime | string>()
  return (text) => {
    let time = known.get(text)
    if (time === undefined) {
      const parts = read(text)
      time = parts && isDate(parts.date) ? timeOf(parts, options) : expected
      if (known.size >= REMEMBERED) known.clear()
      known.set(text, time)
    }
    return time
  }
}

function timeOf({ date, msOfDay, offset }: Parts, { zone, seconds, stamp }: DateOptions): BarTime | string {
  if (date.slice(0, 4) < FIRST_YEAR || date.slice(0, 4) > LAST_YEAR) return `a date of the years ${FIRST_YEAR} to ${LAST_YEAR}`
  if (seconds === SECONDS_PER_DAY) return { date, day: dayOf(date), startUs: zone.toUs(date, 0) }
  if (msOfDay === undefined) return 'a date with a time, as the bars are shorter than a day (--length 1d: they are days)'
  if (msOfDay >= MS_PER_DAY) return 'a time of the day'
  const stampedUs = offset === undefined ? zone.toUs(date, msOfDay) : usFromIso(`${date}T00:00:00${offset}`) + msOfDay * 1000
  const startUs = stamp === 'end' ? stampedUs - seconds * 1_000_000 : stampedUs
  const ownDate = zone.dateOf(startUs)
  return { date: ownDate, day: dayOf(ownDate), startUs }
}

function readIso(text: string): Parts | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [, year = '', month = '', day = '', hour, minute = '', second = '0', fraction = '', offset] = match
  return { date: `${year}-${month}-${day}`, msOfDay: hour === undefined ? undefined : msOf(hour, minute, second, fraction), offset }
}

function msOf(hour: string, minute: string, second: string, fraction = ''): number {
  if (Number(minute) > 59 || Number(second) > 59) return MS_PER_DAY
  return ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Math.floor(Number(fraction.padEnd(3, '0').slice(0, 3)))
}

function formatReader(format: string): (text: string) => Parts | undefined {
  const tokens: readonly string[] = format.match(TOKEN) ?? []
  const has = (...names: string[]) => names.some((name) => tokens.includes(name))
  const isWhole = has('YYYY', 'YY') && has('MM', 'MMM') && has('DD') && has('HH') === has('mm')
  if (!isWhole || new Set(tokens).size < tokens.length)
    throw new ConfigError(
      `expected a format of dates such as MM/DD/YYYY or DD-MMM-YYYY HH:mm, each part once, found ${JSON.stringify(format)}.`,
      { code: 'date-format' },
    )
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const parts = format.split(TOKEN).flatMap((text, index) => [literal(text), PATTERNS[tokens[index] ?? ''] ?? ''])
  const pattern = new RegExp(`^${parts.join('')}$`)
  return (text) => {
    const groups = pattern.exec(text)?.groups
    if (!groups) return undefined
    const { YYYY, YY = '', MMM, MM = '', DD = '', HH, mm = '', ss = '0' } = groups
    const year = YYYY ?? `${Number(YY) < 70 ? '20' : '19'}${YY}`
    const month = MMM === undefined ? MM : String(MONTHS.indexOf(MMM.toLowerCase()) + 1)
    const date = `${year}-${month.padStart(2, '0')}-${DD.padStart(2, '0')}`
    return { date, msOfDay: HH === undefined ? undefined : msOf(HH, mm, ss) }
  }
}

function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY
}
