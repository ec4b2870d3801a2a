/** The chain of an underlying as it was known at an instant: the functions `chain_at` and `quote_at` of the database. */

import type pg from 'pg'

import type { KnownChain, KnownOption, KnownPrices } from '../../../market/state/known-chain.ts'
import { isoFromUs } from '../../../market/time.ts'
import { microseconds } from '../../microseconds.ts'

const us = (column: string) => `${microseconds(column)}::float8`

const PRICES = `key, bid_price AS "bidPrice", bid_size AS "bidSize", ask_price AS "askPrice", ask_size AS "askSize", ${us('quote_ts')} AS "quoteUs",
  last_price AS "lastPrice", last_size AS "lastSize", ${us('last_ts')} AS "lastUs", stale_cause AS "staleCause", flags`

const OPTIONS = `
SELECT ${PRICES}, currency, trading_class AS "tradingClass", multiplier, expiry::text, strike, "right",
  implied_volatility AS "impliedVolatility", delta, gamma, vega, theta, underlying_price AS "underlyingPrice", ${us('greeks_ts')} AS "greeksUs"
FROM chain_at($1, $2) ORDER BY currency COLLATE "C", expiry, trading_class COLLATE "C", multiplier, strike, "right" COLLATE "C"`

const UNDERLYINGS = `
SELECT ${PRICES} FROM quote_at($1::text, $2) q
LEFT JOIN LATERAL (
  SELECT price AS last_price, size AS last_size, COALESCE(event_ts, ts) AS last_ts FROM trades t
  WHERE t.instrument_id = q.instrument_id AND ts <= $2 AND ts > tapedeck.before($2, '7 days') ORDER BY ts DESC LIMIT 1
) t ON true
WHERE EXISTS (SELECT FROM instruments i WHERE i.instrument_id = q.instrument_id AND i.symbol = $1) ORDER BY key COLLATE "C"`

type Row<T> = { [Name in keyof T]: T[Name] | null }

/**
 * Of a symbol that nothing is known of, no underlying and no option.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function chainAt(
  client: Pick<pg.ClientBase, 'query'>,
  { symbol, atUs }: { symbol: string; atUs: number },
): Promise<KnownChain> {
  const parameters = [symbol, isoFromUs(atUs)]
  const { rows: underlyings } = await client.query<Row<KnownPrices>>(UNDERLYINGS, parameters)
  const { rows: options } = await client.query<Row<KnownOption>>(OPTIONS, parameters)
  return { symbol, atUs, underlyings: underlyings.map(withoutNulls), options: options.map(withoutNulls) }
}

function withoutNulls<T>(row: Row<T>): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
}
