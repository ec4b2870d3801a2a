/** The calendars that there are, by the code of their market (ISO 10383). */

import { nyse } from './calendar.ts'
import type { TradingCalendar } from './trading-calendar.ts'
import { xbom } from './xbom.ts'

const CALENDARS: ReadonlyMap<string, TradingCalendar> = new Map([
  ['XNYS', nyse],
  ['XBOM', xbom],
])

export const CALENDAR_CODES = [...CALENDARS.keys()]

/** Undefined when there is no calendar of that market. */
export function calendarOf(code: string): TradingCalendar | undefined {
  return CALENDARS.get(code)
}
