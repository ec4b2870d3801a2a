/** What was recorded of the options on some underlyings that have not expired: their terms, and the open interest and volume that came last. */

import type pg from 'pg'

import type { IndexContract, OptionContract, StockContract } from '../../../market/contract.ts'

export interface KnownOption {
  contract: OptionContract
  /** As it came last, and on which day in New York, `YYYY-MM-DD`. */
  openInterest?: number
  openInterestDay?: string
  /** Of the newest day that has one. */
  volume?: number
  volumeDay?: string
  /** Of the day with a volume before that. */
  before?: number
}

export interface KnownUnderlying {
  contract: StockContract | IndexContract
  /** The mid of the quote, or else the trade, that came last, and on which day. */
  price?: number
  priceDay?: string
}

/** What is older says nothing of today. */
const DAYS_BACK = 10
const day = (column: string) => `(${column} AT TIME ZONE 'America/New_York')::date`
/** Until the end of today: a recording that is played again knows nothing of later days. */
const recent = (ts: string) => `${ts} >= $2::date - ${DAYS_BACK} AND ${ts} < ($2::date + 1)::timestamp AT TIME ZONE 'America/New_York'`

const UNDERLYINGS = `
SELECT i.kind, i.symbol, i.currency, i.venue, i.con_id::float8 AS "conId", p.price, p.day::text AS "priceDay"
FROM instruments i LEFT JOIN LATERAL (
  (SELECT (bid_price + ask_price) / 2 AS price, ${day('q.ts')} AS day, q.ts FROM quotes q
   WHERE q.instrument_id = i.instrument_id AND ${recent('q.ts')} AND bid_price > 0 AND ask_price >= bid_price ORDER BY q.ts DESC LIMIT 1)
  UNION ALL
  (SELECT price, ${day('t.ts')}, t.ts FROM trades t
   WHERE t.instrument_id = i.instrument_id AND ${recent('t.ts')} AND price > 0 ORDER BY t.ts DESC LIMIT 1)
  ORDER BY ts DESC LIMIT 1
) p ON true
WHERE i.symbol = ANY ($1) AND i.kind IN ('stock', 'index') ORDER BY i.key COLLATE "C"`

const last = (names: string, column: string, until = '') => `
  SELECT s.value AS ${column}, ${day('s.ts')} AS day FROM statistics s
  WHERE s.instrument_id = i.instrument_id AND ${recent('s.ts')} ${until} AND s.name IN (${names}) AND s.value IS NOT NULL ORDER BY s.ts DESC LIMIT 1`

/** Open interest comes under the right of the option; the other one of both is 0. */
const OPTIONS = `
SELECT i.symbol, i.currency, i.expiry::text, i.last_trade_date::text AS "lastTradeDate", i.strike, i."right", i.multiplier,
  i.trading_class AS "tradingClass", i.con_id::float8 AS "conId",
  o.interest AS "openInterest", o.day::text AS "openInterestDay", v.volume, v.day::text AS "volumeDay", b.volume AS before
FROM instruments i
LEFT JOIN LATERAL (${last(`'open-interest', CASE i."right" WHEN 'C' THEN 'call-open-interest' ELSE 'put-open-interest' END`, 'interest')}) o ON $3
LEFT JOIN LATERAL (${last(`'day-volume'`, 'volume')}) v ON $3
LEFT JOIN LATERAL (${last(`'day-volume'`, 'volume', `AND s.ts < v.day::timestamp AT TIME ZONE 'America/New_York'`)}) b ON $3 AND v.day IS NOT NULL
WHERE i.symbol = ANY ($1) AND i.kind = 'option' AND i.expiry >= $2::date ORDER BY i.key COLLATE "C"`

export interface KnownOptionsQuery {
  symbols: readonly string[]
  /** `YYYY-MM-DD` */
  today: string
}

/**
 * Options that were recorded and have not expired, by key.
 *
 * @param withActivity false: without open interest and volume, which takes a look-up for each
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function knownOptions(
  client: Pick<pg.ClientBase, 'query'>,
  { symbols, today }: KnownOptionsQuery,
  withActivity: boolean,
): Promise<KnownOption[]> {
  const { rows } = await client.query<Row>(OPTIONS, [symbols, today, withActivity])
  return rows.map((row) => {
    const { openInterest, openInterestDay, volume, volumeDay, before, ...terms } = row
    const figures = withoutNulls({ openInterest, openInterestDay, volume, volumeDay, before })
    return { contract: { kind: 'option', ...withoutNulls(terms) } as OptionContract, ...figures }
  })
}

/** Stocks and indices with these symbols that were recorded. */
export async function knownUnderlyings(
  client: Pick<pg.ClientBase, 'query'>,
  { symbols, today }: KnownOptionsQuery,
): Promise<KnownUnderlying[]> {
  const { rows } = await client.query<Row>(UNDERLYINGS, [symbols, today])
  return rows.map(({ price, priceDay, ...terms }) => {
    return { contract: withoutNulls(terms) as StockContract | IndexContract, ...withoutNulls({ price, priceDay }) }
  })
}

type Row = Record<string, string | number | null | undefined>

function withoutNulls(row: Row): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined))
}
