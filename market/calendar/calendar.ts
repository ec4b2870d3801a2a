/**
 * Trading days of the New York Stock Exchange, which options on its shares follow: sessions run from 09:30 to 16:00,
 * or to 13:00 on early closes. Delayed openings and halts within a day are not in a calendar (as on 2002-09-11, which opened late).
 */

import { NYSE_FIRST_YEAR, nyseClosures, nyseEarlyCloses } from './nyse-holidays.ts'
import { createCalendar, type TradingCalendar } from './trading-calendar.ts'

export type { TradingCalendar, TradingSession } from './trading-calendar.ts'

const HOUR_MS = 3_600_000

/** XNYS, from 1998 on. */
export const nyse: TradingCalendar = createCalendar({
  name: 'NYSE',
  timeZone: 'America/New_York',
  firstYear: NYSE_FIRST_YEAR,
  openMs: 9.5 * HOUR_MS,
  closeMs: 16 * HOUR_MS,
  earlyCloseMs: 13 * HOUR_MS,
  extendedOpenMs: 4 * HOUR_MS,
  extendedCloseMs: 20 * HOUR_MS,
  earlyExtendedCloseMs: 17 * HOUR_MS,
  closures: nyseClosures,
  earlyCloses: nyseEarlyCloses,
  weekendSessions: () => [],
})
