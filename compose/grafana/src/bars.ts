/** Bars of the width that fits a dashboard's range, on every edition of the database. */

const RANGE = '$__timeTo()::timestamptz - $__timeFrom()::timestamptz'
const TWO_DAYS = "interval '2 days'"
const A_MONTH = "interval '31 days'"

/** Of bars of trades: what `tapedeck.bars_of` takes. */
export const BARS_WIDTH = `CASE WHEN ${RANGE} <= ${TWO_DAYS} THEN '1m' WHEN ${RANGE} <= ${A_MONTH} THEN '5m' ELSE '1h' END`

/**
 * Where bars are views, they cannot be asked for a range without reading all ticks of an instrument. There the ticks of the range are read, each
 * a bar by itself, which gives the same figures. The server runs one of the four parts and skips the others.
 */
const COMPUTED =
  "(EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AND current_setting('timescaledb.license', true) = 'timescale')"
/** Sampled quotes only: the tick-by-tick ones are the same quotes again, of some underlyings. */
const SAMPLED = "source IS DISTINCT FROM 'tick-by-tick'"
const COLUMNS = 'instrument_id, ts, bid_open, bid_high, bid_low, bid_close, ask_open, ask_high, ask_low, ask_close, spread_sum, mid_sum'

const barsOf = (table: string, where: string) =>
  `SELECT ${COLUMNS} FROM ${table} WHERE ${COMPUTED} AND ${where} AND $__timeFilter(ts) AND ${SAMPLED}`

/** As the aggregates see a quote: a price that no market has is no side, and first values of a request are no quotes. */
const QUOTES = `SELECT instrument_id, ts, bid, bid, bid, bid, ask, ask, ask, ask, ask - bid, (bid + ask) / 2
  FROM (
    SELECT instrument_id, ts, CASE WHEN bid_price > 0 AND bid_price < 1e12 THEN bid_price END AS bid,
      CASE WHEN ask_price > 0 AND ask_price < 1e12 THEN ask_price END AS ask
    FROM quotes WHERE NOT ${COMPUTED} AND $__timeFilter(ts) AND ${SAMPLED} AND (marks IS NULL OR ',' || marks || ',' NOT LIKE '%,initial,%')
  ) q`

export const QUOTE_BARS = `(
  ${barsOf('quote_bars_1m', `${RANGE} <= ${TWO_DAYS}`)}
  UNION ALL ${barsOf('quote_bars_5m', `${RANGE} > ${TWO_DAYS} AND ${RANGE} <= ${A_MONTH}`)}
  UNION ALL ${barsOf('quote_bars_1h', `${RANGE} > ${A_MONTH}`)}
  UNION ALL ${QUOTES}
)`
