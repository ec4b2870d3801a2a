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

/** Dates at the exchange, of all sessions of which a part lies in it: midnight in UTC is the evening before there, when none is open. */
export function tradingDates({ fromUs, toUs }: DataTime): string[] {
  return nyse
    .sessions(nyse.zone.dateOf(fromUs), nyse.zone.dateOf(toUs - 1))
    .filter(({ openUs, closeUs }) => openUs < toUs && closeUs > fromUs)
    .map(({ date }) => date)
}

/**
 * The time of a span of days: whole days, from midnight to midnight in New York, and nothing outside of the range that was asked for.
 *
 * @param warmUpDays trading days before it that only warm indicators up
 */
export function rangeOf(
  dates: readonly string[],
  { from, to }: DaySpan,
  { warmUpDays = 0, asked = {} }: { warmUpDays?: number; asked?: RunRange | undefined } = {},
): RunRange & DataTime {
  const [first, last] = [dates[from], dates[to - 1]]
  if (first === undefined || last === undefined)
    throw new ConfigError(`The data has ${dates.length} trading days: expected the days ${from} to ${to}.`, { code: 'experiment-days' })
  const fromUs = Math.max(nyse.zone.toUs(first, 0), asked.fromUs ?? Number.NEGATIVE_INFINITY)
  const toUs = Math.min(nyse.zone.toUs(addDays(last, 1), 0), asked.toUs ?? Number.POSITIVE_INFINITY)
  const warmUpUs = warmUpOf(fromUs, warmUpDays, nyse)
  return { fromUs, toUs, ...(warmUpUs > 0 && { warmUpUs }) }
}
