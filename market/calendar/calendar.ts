/**
 * Trading days of the New York Stock Exchange, which options on its shares follow: sessions run from 09:30 to 16:00,
 * or to 13:00 on early closes. Delayed openings and halts within a day are not in a calendar (as on 2002-09-11, which opened late).
 */

import { NYSE_FIRST_YEAR, nyseClosures, nyseEarlyCloses } from './nyse-holidays.ts'
import { TapedeckError } from '../errors.ts'
import { addDays, createZone, daysBetween, weekday, type Zone } from '../time.ts'

/** One market day. */
export interface TradingSession {
  /** The exchange's own date, `YYYY-MM-DD`. */
  readonly date: string
  readonly openUs: number
  /** The first microsecond after the session. */
  readonly closeUs: number
  /** True when it closes at 13:00. */
  readonly early: boolean
}

/** A market day with the electronic hours around the session: from 04:00 to 20:00, or to 17:00 on early closes. */
export interface TradingHours extends TradingSession {
  readonly extendedOpenUs: number
  readonly extendedCloseUs: number
}

/**
 * Which days and hours a market trades. Dates are the exchange's, as `YYYY-MM-DD`.
 * Every question throws a TapedeckError: `invalid-date` for text that is no date, `calendar-range` for a day before the known history.
 */
export interface TradingCalendar {
  readonly zone: Zone
  isSession(date: string): boolean
  /** `undefined` when the market stays closed. */
  session(date: string): TradingSession | undefined
  /** All sessions from one date to another, both included. */
  sessions(from: string, to: string): TradingSession[]
  /** The last session before the date; the date itself does not count. */
  previousSession(date: string): TradingSession
  /** The first session after the date; the date itself does not count. */
  nextSession(date: string): TradingSession
  /** True inside a session, without the extended hours. */
  isOpenAt(tsUs: number): boolean
  /** `undefined` when the market stays closed. */
  tradingHours(date: string): TradingHours | undefined
  /** The last day on which an option listed with this expiry trades: a Saturday or a holiday gives the session before. */
  lastTradeDateFor(expiry: string): string
}

const HOUR_MS = 3_600_000
const EXTENDED_OPEN_MS = 4 * HOUR_MS
const OPEN_MS = 9.5 * HOUR_MS
const EARLY_CLOSE_MS = 13 * HOUR_MS
const CLOSE_MS = 16 * HOUR_MS
const EARLY_EXTENDED_CLOSE_MS = 17 * HOUR_MS
const EXTENDED_CLOSE_MS = 20 * HOUR_MS

/** XNYS, from 1998 on. */
export const nyse: TradingCalendar = createNyse()

function createNyse(): TradingCalendar {
  const zone = createZone('America/New_York')
  const years = new Map<string, { closures: string[]; earlyCloses: string[] }>()
  const known = new Map<string, TradingSession | undefined>()

  function rulesOf(date: string) {
    const year = date.slice(0, 4)
    let rules = years.get(year)
    if (!rules) {
      if (Number(year) < NYSE_FIRST_YEAR) {
        throw new TapedeckError(`the NYSE calendar begins with ${NYSE_FIRST_YEAR}, found ${date}`, { code: 'calendar-range' })
      }
      rules = { closures: nyseClosures(Number(year)), earlyCloses: nyseEarlyCloses(Number(year)) }
      years.set(year, rules)
    }
    return rules
  }

  function findSession(date: string): TradingSession | undefined {
    const isWeekend = weekday(date) % 6 === 0
    const { closures, earlyCloses } = rulesOf(date)
    if (isWeekend || closures.includes(date)) return undefined
    const early = earlyCloses.includes(date)
    return { date, openUs: zone.toUs(date, OPEN_MS), closeUs: zone.toUs(date, early ? EARLY_CLOSE_MS : CLOSE_MS), early }
  }

  function session(date: string): TradingSession | undefined {
    if (!known.has(date)) known.set(date, findSession(date))
    return known.get(date)
  }

  function step(date: string, days: 1 | -1): TradingSession {
    const next = addDays(date, days)
    return session(next) ?? step(next, days)
  }

  return {
    zone,
    session,
    isSession: (date) => session(date) !== undefined,
    previousSession: (date) => step(date, -1),
    nextSession: (date) => step(date, 1),

    sessions(from, to) {
      const days = Array.from({ length: Math.max(0, daysBetween(from, to) + 1) }, (_, i) => session(addDays(from, i)))
      return days.filter((day) => day !== undefined)
    },

    isOpenAt(tsUs) {
      const day = session(zone.dateOf(tsUs))
      return day !== undefined && tsUs >= day.openUs && tsUs < day.closeUs
    },

    tradingHours(date) {
      const day = session(date)
      return (
        day && {
          ...day,
          extendedOpenUs: zone.toUs(date, EXTENDED_OPEN_MS),
          extendedCloseUs: zone.toUs(date, day.early ? EARLY_EXTENDED_CLOSE_MS : EXTENDED_CLOSE_MS),
        }
      )
    },

    lastTradeDateFor: (expiry) => (session(expiry) ?? step(expiry, -1)).date,
  }
}
