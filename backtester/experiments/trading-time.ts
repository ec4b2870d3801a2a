/** The trading days of the data of an experiment, and the times that spans of them are. */

import { nyse } from '../../market/calendar/calendar.ts'
import { ConfigError } from '../../market/errors.ts'
import { addDays } from '../../market/time.ts'
import { warmUpOf } from '../run/range.ts'
import type { RunRange } from '../run/result.ts'
import type { DaySpan } from './folds.ts'

/** From the first moment of the data up to the one behind it. */
export interface DataTime {
  fromUs: number
  toUs: number
}

/** Dates at the exchange, of all sessions of which a part lies in it. */
export function tradingDates({ fromUs, toUs }: DataTime): string[] {
  return nyse.tradingDays(nyse.zone.dateOf(fromUs), nyse.zone.dateOf(toUs - 1)).map(({ date }) => date)
}

/**
 * The time of a span of days: whole days, from midnight to midnight in New York.
 *
 * @param warmUpDays trading days before it that only warm indicators up
 */
export function rangeOf(dates: readonly string[], { from, to }: DaySpan, warmUpDays = 0): RunRange & DataTime {
  const [first, last] = [dates[from], dates[to - 1]]
  if (first === undefined || last === undefined)
    throw new ConfigError(`The data has ${dates.length} trading days: expected the days ${from} to ${to}.`, { code: 'experiment-days' })
  const fromUs = nyse.zone.toUs(first, 0)
  const warmUpUs = warmUpOf(fromUs, warmUpDays, nyse)
  return { fromUs, toUs: nyse.zone.toUs(addDays(last, 1), 0), ...(warmUpUs > 0 && { warmUpUs }) }
}
