/**
 * Bars of quotes: open, high, low and close of bid and ask, and sums for means over quotes. An average over time depends on the next quote, which no
 * aggregate knows: tapedeck.quote_averages has it, from the ticks.
 */

import type { Aggregate } from '../objects.ts'
import { BAR_ORDER, earliest, IS_EVENT, latest, rolledUp, TICK_ORDER } from './sql.ts'

/** A price of 0 or below is no side, nor is one that no market has. */
const isSide = (price: string) => `${price} > 0 AND ${price} < 1e12`
const SIDES = ['bid', 'ask'] as const
const TWO_SIDED = SIDES.map((side) => isSide(`${side}_price`)).join(' AND ')
const SPREAD = '(ask_price - bid_price)'

const COMMENTS = {
  source: 'tick-by-tick; null: sampled by the broker, or imported. Each is complete by itself: take one.',
  ts: 'Begin of the bar; buckets are aligned to UTC.',
  bid_open: 'First bid of the bar, in currency per unit; null when nobody bid. Likewise high, low and close, and those of the ask.',
  quotes: 'How many changes of the quote, one-sided ones included; first values after a request (initial) left out.',
  two_sided: 'How many of them had a bid and an ask.',
  locked: 'How many of those had a bid equal to the ask, or above it.',
  spread_sum: 'Sum of ask less bid over two_sided; spread_sum / two_sided of any number of bars is the mean over quotes, not over time.',
  spread_square_sum: 'Sum of the squares of the same, for their deviation.',
  spread_min: 'Least ask less bid; below 0 when the quote crossed.',
  spread_max: 'Greatest ask less bid.',
  mid_sum: 'Sum of the middle of bid and ask over two_sided.',
  bid_size_sum: 'Sum of the sizes at the bid over two_sided, as sent.',
  ask_size_sum: 'Sum of the sizes at the ask over two_sided, as sent.',
}

const ofTicks = SIDES.flatMap((side) => {
  const price = `${side}_price`
  const only = isSide(price)
  return [
    `${earliest(price, TICK_ORDER, only)} AS ${side}_open`,
    `max(${price}) FILTER (WHERE ${only}) AS ${side}_high`,
    `min(${price}) FILTER (WHERE ${only}) AS ${side}_low`,
    `${latest(price, TICK_ORDER, only)} AS ${side}_close`,
  ]
})

const QUOTE_BARS_1M: Aggregate = {
  kind: 'aggregate',
  name: 'quote_bars_1m',
  from: 'quotes',
  bucket: '1 minute',
  query: `SELECT instrument_id, source, time_bucket(interval '1 minute', ts) AS ts,
  ${ofTicks.join(',\n  ')},
  count(*) AS quotes,
  count(*) FILTER (WHERE ${TWO_SIDED}) AS two_sided,
  count(*) FILTER (WHERE ${TWO_SIDED} AND ask_price <= bid_price) AS locked,
  sum(${SPREAD}) FILTER (WHERE ${TWO_SIDED}) AS spread_sum,
  sum(${SPREAD} * ${SPREAD}) FILTER (WHERE ${TWO_SIDED}) AS spread_square_sum,
  min(${SPREAD}) FILTER (WHERE ${TWO_SIDED}) AS spread_min,
  max(${SPREAD}) FILTER (WHERE ${TWO_SIDED}) AS spread_max,
  sum((ask_price + bid_price) / 2) FILTER (WHERE ${TWO_SIDED}) AS mid_sum,
  sum(bid_size) FILTER (WHERE ${TWO_SIDED}) AS bid_size_sum,
  sum(ask_size) FILTER (WHERE ${TWO_SIDED}) AS ask_size_sum
FROM quotes WHERE ${IS_EVENT}
GROUP BY 1, 2, 3`,
  about: 'Minutes of quotes, for each instrument and source.',
  comments: COMMENTS,
}

const ofBars = SIDES.flatMap((side) => [
  `${earliest(`${side}_open`, BAR_ORDER, `${side}_open IS NOT NULL`)} AS ${side}_open`,
  `max(${side}_high) AS ${side}_high`,
  `min(${side}_low) AS ${side}_low`,
  `${latest(`${side}_close`, BAR_ORDER, `${side}_close IS NOT NULL`)} AS ${side}_close`,
])

/** The figures of a longer bar from those of shorter ones. */
const ROLLED_UP = `${ofBars.join(',\n  ')},
  sum(quotes)::bigint AS quotes,
  sum(two_sided)::bigint AS two_sided,
  sum(locked)::bigint AS locked,
  sum(spread_sum) AS spread_sum,
  sum(spread_square_sum) AS spread_square_sum,
  min(spread_min) AS spread_min,
  max(spread_max) AS spread_max,
  sum(mid_sum) AS mid_sum,
  sum(bid_size_sum) AS bid_size_sum,
  sum(ask_size_sum) AS ask_size_sum`

function longer(name: string, from: string, bucket: string, about: string): Aggregate {
  return rolledUp({ name, from, bucket, figures: ROLLED_UP, about, comments: COMMENTS })
}

/** Each is made of the one before. */
export const QUOTE_BARS: readonly Aggregate[] = [
  QUOTE_BARS_1M,
  longer('quote_bars_5m', 'quote_bars_1m', '5 minutes', 'Five minutes of quotes, for each instrument and source.'),
  longer('quote_bars_1h', 'quote_bars_5m', '1 hour', 'Hours of quotes, for each instrument and source.'),
]
