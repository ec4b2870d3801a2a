/** What else is kept by the minute: option model values, and the day's cumulative volume. */

import type { Aggregate } from '../objects.ts'
import { earliest, IS_EVENT, latest, TICK_ORDER } from './sql.ts'

/** The last values of a minute are those of one row, as they belong together. */
const GREEKS = ['delta', 'gamma', 'vega', 'theta', 'option_price', 'pv_dividend', 'underlying_price'] as const
const HAS_VOLATILITY = 'implied_volatility IS NOT NULL'

export const GREEKS_1M: Aggregate = {
  kind: 'aggregate',
  name: 'greeks_1m',
  from: 'option_greeks',
  bucket: '1 minute',
  query: `SELECT instrument_id, basis, time_bucket(interval '1 minute', ts) AS ts,
  ${earliest('implied_volatility', TICK_ORDER, HAS_VOLATILITY)} AS iv_open,
  max(implied_volatility) AS iv_high,
  min(implied_volatility) AS iv_low,
  ${latest('implied_volatility', TICK_ORDER, HAS_VOLATILITY)} AS iv_close,
  sum(implied_volatility) AS iv_sum,
  count(implied_volatility) AS iv_count,
  ${GREEKS.map((name) => `${latest(name, TICK_ORDER)} AS ${name}`).join(',\n  ')},
  count(*) AS computations
FROM option_greeks WHERE ${IS_EVENT}
GROUP BY 1, 2, 3`,
  about: 'Minutes of option model values, for each instrument and price that they were computed from.',
  comments: {
    basis: 'Price that they were computed from: bid, ask, last or model.',
    ts: 'Begin of the minute.',
    iv_open: 'First implied volatility of the minute, an annual fraction; likewise high, low and close. Null: none was computed.',
    iv_sum: 'iv_sum / iv_count of any number of minutes is the mean.',
    delta:
      'Of the last computation of the minute; null when that one lacked it. Likewise those that follow, in the units of option_greeks.',
    computations: 'How many rows of option_greeks, first values after a request (initial) left out.',
  },
}

const IS_INITIAL = `CASE WHEN ${IS_EVENT} THEN 0 ELSE 1 END`

export const DAY_VOLUMES_1M: Aggregate = {
  kind: 'aggregate',
  name: 'day_volumes_1m',
  from: 'statistics',
  bucket: '1 minute',
  query: `SELECT instrument_id, time_bucket(interval '1 minute', ts) AS ts,
  ${earliest('value', TICK_ORDER)} AS first_value,
  ${latest('value', TICK_ORDER)} AS last_value,
  max(value) AS highest_value,
  ${earliest(IS_INITIAL, TICK_ORDER)} > 0 AS begins_initial,
  count(*) AS changes
FROM statistics WHERE name = 'day-volume' AND value IS NOT NULL
GROUP BY 1, 2`,
  about: 'The cumulative volume of the day, minute by minute. Never to be summed: tapedeck.volume_increments has what was added.',
  comments: {
    ts: 'Begin of the minute.',
    first_value: "The day's volume so far as sent first in the minute, of US stocks perhaps in lots: stock_size_units says.",
    highest_value: 'The greatest of the minute; above last_value when a new day began within it.',
    begins_initial: 'The first one was what stood when the line was opened: what was traded before is not of this minute.',
    changes: 'How many values were sent.',
  },
}
