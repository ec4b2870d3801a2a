/** An equity curve within days, by trading days: the series that every ratio of days is made of. */

import type { TradingCalendar } from '../../market/calendar/trading-calendar.ts'
import type { Rows } from './rows.ts'

/** Behind every date. */
const LAST_DATE = '9999-12-31'

interface EquityPoint {
  tsUs: number
  /** Cash and positions at their marks. */
  equity: number
}

export interface DayValue {
  /** Date at the exchange. */
  date: string
  value: number
}

/**
 * The last value of each trading day, from that of the first point to that of the last. A day without a point keeps the value before, so that
 * it counts as a return of 0. What happens on a day without a session counts for the next one, and behind the last session for that one.
 * Midnight belongs to the day that it ends: it is when the bar of a day is over.
 *
 * @param points in the order of their time
 * @throws TapedeckError `calendar-range` outside of the years that the calendar knows
 */
export function tradingDayValues(points: Rows<EquityPoint>, calendar: TradingCalendar): DayValue[] {
  const [first, last] = [points.at(0), points.at(-1)]
  if (!first || !last) return []
  const dateOf = ({ tsUs }: EquityPoint) => calendar.zone.dateOf(tsUs - 1)
  const days = calendar.tradingDays(dateOf(first), dateOf(last))
  // Nothing but days without a session: what happened is the result of the session before them.
  const dates = days.length > 0 ? days.map(({ date }) => date) : [calendar.previousSession(dateOf(last)).date]
  const values: DayValue[] = []
  let at = 0
  let value = first.equity
  for (const [index, date] of dates.entries()) {
    const until = index === dates.length - 1 ? LAST_DATE : date
    for (let point = points.at(at); point && dateOf(point) <= until; point = points.at(++at)) value = point.equity
    values.push({ date, value })
  }
  return values
}
