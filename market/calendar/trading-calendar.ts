/**
 * A calendar of one market, made of its rules: which days it stays closed, which close early, and its hours.
 */

import { TapedeckError } from '../errors.ts'
import { addDays, createZone, daysBetween, weekday, type Zone } from '../time.ts'

/** One market day. */
export interface TradingSession {
  /** The exchange's own date, `YYYY-MM-DD`. */
  readonly date: string
  readonly openUs: number
  /** The first microsecond after the session. */
  readonly closeUs: number
  /** True when it closes before the usual time. */
  readonly early: boolean
}

/** A market day by the exchange's clocks, which costs no conversion of times. Milliseconds since midnight there. */
export interface TradingDay {
  readonly date: string
  readonly openMs: number
  readonly closeMs: number
  readonly early: boolean
}

/** A market day with the electronic hours around the session. */
export interface TradingHours extends TradingSession {
  readonly extendedOpenUs: number
  readonly extendedCloseUs: number
}

/**
 * Which days and hours a market trades. Dates are the exchange's, as `YYYY-MM-DD`.
 * Every question throws a TapedeckError: `invalid-date` for text that is no date, `calendar-range` for a day outside of the known years.
 */
export interface TradingCalendar {
  readonly zone: Zone
  /** The years that are known, both included. */
  readonly years: { readonly first: number; readonly last: number }
  isSession(date: string): boolean
  /** `undefined` when the market stays closed. */
  session(date: string): TradingSession | undefined
  /** All sessions from one date to another, both included. */
  sessions(from: string, to: string): TradingSession[]
  /** The days of all sessions from one date to another, both included. */
  tradingDays(from: string, to: string): TradingDay[]
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

/** What is particular to a market. Times are milliseconds since midnight at the exchange. */
export interface CalendarRules {
  /** For messages: `NYSE`. */
  name: string
  timeZone: string
  /** The years that are known. */
  firstYear: number
  lastYear?: number
  openMs: number
  closeMs: number
  earlyCloseMs: number
  /** The electronic hours around the session. */
  extendedOpenMs: number
  extendedCloseMs: number
  earlyExtendedCloseMs: number
  /** Weekdays of a year without a session. Weekends may be among them. */
  closures: (year: number) => readonly string[]
  /** Days of a year that close early, if they are sessions at all. */
  earlyCloses: (year: number) => readonly string[]
  /** Saturdays and Sundays of a year that are sessions. */
  weekendSessions: (year: number) => readonly string[]
}

interface YearRules {
  closures: readonly string[]
  earlyCloses: readonly string[]
  weekendSessions: readonly string[]
}

/** A calendar that remembers the days that it was asked for. */
export function createCalendar(rules: CalendarRules): TradingCalendar {
  const { openMs, closeMs, earlyCloseMs } = rules
  const zone = createZone(rules.timeZone)
  const years = new Map<string, YearRules>()
  const known = new Map<string, TradingSession | undefined>()

  function rulesOf(date: string): YearRules {
    const text = date.slice(0, 4)
    let own = years.get(text)
    if (!own) {
      const year = Number(text)
      refuseUnknownYear(rules, year, date)
      own = { closures: rules.closures(year), earlyCloses: rules.earlyCloses(year), weekendSessions: rules.weekendSessions(year) }
      years.set(text, own)
    }
    return own
  }

  function findDay(date: string): TradingDay | undefined {
    const isWeekend = weekday(date) % 6 === 0
    const { closures, earlyCloses, weekendSessions } = rulesOf(date)
    if (isWeekend ? !weekendSessions.includes(date) : closures.includes(date)) return undefined
    const early = earlyCloses.includes(date)
    return { date, openMs, closeMs: early ? earlyCloseMs : closeMs, early }
  }

  function findSession(date: string): TradingSession | undefined {
    const day = findDay(date)
    return day && { date, openUs: zone.toUs(date, day.openMs), closeUs: zone.toUs(date, day.closeMs), early: day.early }
  }

  /** What is known of each day from one to another, of those that are sessions. */
  function eachDay<T>(from: string, to: string, of: (date: string) => T | undefined): T[] {
    const days = Array.from({ length: Math.max(0, daysBetween(from, to) + 1) }, (_, i) => of(addDays(from, i)))
    return days.filter((day) => day !== undefined)
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
    years: { first: rules.firstYear, last: rules.lastYear ?? Number.POSITIVE_INFINITY },
    session,
    isSession: (date) => session(date) !== undefined,
    previousSession: (date) => step(date, -1),
    nextSession: (date) => step(date, 1),

    sessions: (from, to) => eachDay(from, to, session),
    tradingDays: (from, to) => eachDay(from, to, findDay),

    isOpenAt(tsUs) {
      const day = session(zone.dateOf(tsUs))
      return day !== undefined && tsUs >= day.openUs && tsUs < day.closeUs
    },

    tradingHours(date) {
      const day = session(date)
      return (
        day && {
          ...day,
          extendedOpenUs: zone.toUs(date, rules.extendedOpenMs),
          extendedCloseUs: zone.toUs(date, day.early ? rules.earlyExtendedCloseMs : rules.extendedCloseMs),
        }
      )
    },

    lastTradeDateFor: (expiry) => (session(expiry) ?? step(expiry, -1)).date,
  }
}

function refuseUnknownYear({ name, firstYear, lastYear = Number.POSITIVE_INFINITY }: CalendarRules, year: number, date: string): void {
  if (year < firstYear) throw new TapedeckError(`the ${name} calendar begins with ${firstYear}, found ${date}`, { code: 'calendar-range' })
  if (year > lastYear) throw new TapedeckError(`the ${name} calendar ends with ${lastYear}, found ${date}`, { code: 'calendar-range' })
}
