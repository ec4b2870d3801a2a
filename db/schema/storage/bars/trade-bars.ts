/**
 * Bars of trades, as market/bars/trade-bars.ts makes them: every trade counts in volume, turnover and number; prices are those of trades that
 * set one, and where no trade of an interval does, those of its trades all the same. A row for each instrument, source and interval: one trade
 * may be told by several sources, so that rows of different sources are never to be summed.
 */

import type { Aggregate } from '../objects.ts'
import { BAR_ORDER, earliest, IS_EVENT, latest, rolledUp, TICK_ORDER } from './sql.ts'

const SETS_PRICE = 'tapedeck.sets_price(source, conditions, marks)'
const SIZE = 'GREATEST(size, 0)'

const COMMENTS = {
  source: 'Where its trades were learned from, as in trades. Rows of two sources hold the same trades: take one, as tapedeck.bars_of does.',
  ts: 'Begin of the bar; buckets are aligned to UTC.',
  open: 'In currency per unit, as high, low, close and vwap. Trades that set no price (conditions, unreported) count here only when no other is there.',
  volume:
    'Sum of the sizes of all trades as sent: of US stocks see stock_size_units. Complete for tick-by-tick and import; other sources are samples.',
  turnover: 'Sum of price times size of all trades; turnover / volume of any number of bars is their vwap.',
  vwap: 'turnover / volume. Null without volume.',
  trades: 'How many, first values after a request (initial) left out.',
  priced_trades: 'How many of them set a price.',
  price_sum: 'Sum of the prices of those; price_sum / priced_trades of any number of bars is their mean. Null without.',
}

/** One figure of the trades that set a price, or else of all. */
const preferPriced = (figure: (condition?: string) => string) => `COALESCE(${figure(SETS_PRICE)}, ${figure()})`
/** The same of shorter bars: those with a trade that sets a price come first. */
const preferPricedBars = (figure: (condition?: string) => string) => `COALESCE(${figure('priced_trades > 0')}, ${figure()})`
const extreme = (aggregate: 'min' | 'max', value: string) => (condition?: string) =>
  `${aggregate}(${value})${condition === undefined ? '' : ` FILTER (WHERE ${condition})`}`

const BARS_1M: Aggregate = {
  kind: 'aggregate',
  name: 'bars_1m',
  from: 'trades',
  bucket: '1 minute',
  query: `SELECT instrument_id, source, time_bucket(interval '1 minute', ts) AS ts,
  ${preferPriced((only) => earliest('price', TICK_ORDER, only))} AS open,
  ${preferPriced(extreme('max', 'price'))} AS high,
  ${preferPriced(extreme('min', 'price'))} AS low,
  ${preferPriced((only) => latest('price', TICK_ORDER, only))} AS close,
  sum(${SIZE}) AS volume,
  sum(price * ${SIZE}) AS turnover,
  sum(price * ${SIZE}) / NULLIF(sum(${SIZE}), 0) AS vwap,
  count(*) AS trades,
  count(*) FILTER (WHERE ${SETS_PRICE}) AS priced_trades,
  sum(price) FILTER (WHERE ${SETS_PRICE}) AS price_sum
FROM trades WHERE price IS NOT NULL AND ${IS_EVENT}
GROUP BY 1, 2, 3`,
  about: 'Minutes of trades, for each instrument and source.',
  comments: COMMENTS,
}

/** The figures of a longer bar from those of shorter ones. */
const ROLLED_UP = `${preferPricedBars((only) => earliest('open', BAR_ORDER, only))} AS open,
  ${preferPricedBars(extreme('max', 'high'))} AS high,
  ${preferPricedBars(extreme('min', 'low'))} AS low,
  ${preferPricedBars((only) => latest('close', BAR_ORDER, only))} AS close,
  sum(volume) AS volume,
  sum(turnover) AS turnover,
  sum(turnover) / NULLIF(sum(volume), 0) AS vwap,
  sum(trades)::bigint AS trades,
  sum(priced_trades)::bigint AS priced_trades,
  sum(price_sum) AS price_sum`

function longer(name: string, from: string, bucket: string, about: string): Aggregate {
  return rolledUp({ name, from, bucket, figures: ROLLED_UP, about, comments: COMMENTS })
}

/** Each is made of the one before. */
export const TRADE_BARS: readonly Aggregate[] = [
  BARS_1M,
  longer('bars_5m', 'bars_1m', '5 minutes', 'Five minutes of trades, for each instrument and source.'),
  longer('bars_1h', 'bars_5m', '1 hour', 'Hours of trades, for each instrument and source.'),
]

/**
 * The day in parts whose ends are those of trading sessions, so that the bar of a session is made of one or two rows of an instrument and
 * source instead of 78. `first_ts` and `last_ts` give the order of parts that interleave.
 */
export const BARS_DAY_PARTS: Aggregate = {
  kind: 'aggregate',
  name: 'bars_day_parts',
  from: 'bars_5m',
  bucket: '1 day',
  query: `SELECT instrument_id, source, time_bucket(interval '1 day', ts) AS ts, tapedeck.day_part(ts) AS part,
  ${ROLLED_UP},
  COALESCE(min(ts) FILTER (WHERE priced_trades > 0), min(ts)) AS first_ts,
  COALESCE(max(ts) FILTER (WHERE priced_trades > 0), max(ts)) AS last_ts
FROM bars_5m
GROUP BY 1, 2, 3, 4`,
  about: 'Parts of UTC days of trades, between the times at which trading sessions begin and end: what bars_1d is made of.',
  comments: {
    ...COMMENTS,
    ts: 'Begin of the day in UTC.',
    part: 'Which part of the day, as tapedeck.day_part says: 0 is all that belongs to no session.',
    first_ts: 'Begin of its first five minutes with a trade that sets a price, or with any when none does.',
    last_ts: 'Begin of its last five minutes with such a trade.',
  },
}
