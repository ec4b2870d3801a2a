/**
 * For how long which quotes stood in the trading hours of a day, contract by contract: IB sends only changes, so a quote stands until the
 * next one, or until its line has no data any more. One sort of the day's quotes by contract, on the server; what comes back is a row for
 * each contract.
 */

import type pg from 'pg'

import type { StandingFigures } from '../../../market/quality/contract-day.ts'
import { isoFromUs } from '../../../market/time.ts'

export interface StandingQuery {
  fromUs: number
  toUs: number
  sessions: readonly number[]
  /** When data of a contract was expected: one or more for each contract. */
  hours: readonly { instrument: number; openUs: number; closeUs: number }[]
  /** When what stood stopped standing: a gap began, or a line was closed. */
  ends: readonly { instrument: number; us: number }[]
}

/**
 * Prices of 0 and below are no side, nor are those that no market has (the arithmetic would overflow). Spreads are exact to a millionth. `spans` has every quote with the next moment at which it may have
 * changed; sampled market data only, as tick-by-tick quotes are a second stream of the same book.
 */
const STANDING = `
WITH hours AS (SELECT * FROM unnest($3::bigint[], $4::timestamptz[], $5::timestamptz[]) AS h (instrument_id, open_ts, close_ts)),
events AS (
  SELECT instrument_id, ts, seq, bid_price > 0 AND bid_price < 1e12 AS has_bid, ask_price > 0 AND ask_price < 1e12 AS has_ask, bid_price, ask_price
  FROM quotes WHERE ts >= $1 AND ts < $2 AND session_id = ANY ($8::bigint[]) AND source IS NULL AND instrument_id = ANY ($3)
  UNION ALL
  SELECT instrument_id, ts, -1, NULL, NULL, NULL, NULL FROM unnest($6::bigint[], $7::timestamptz[]) AS e (instrument_id, ts)
),
spans AS (
  SELECT instrument_id, has_bid, has_ask, bid_price, ask_price, ts AS from_ts,
    lead(ts, 1, $2) OVER (PARTITION BY instrument_id ORDER BY ts, seq) AS to_ts
  FROM events
),
stood AS (
  SELECT instrument_id,
    CASE WHEN has_bid AND has_ask THEN round((ask_price - bid_price) * 1000000) END AS spread,
    count(*) AS spans,
    sum(seconds) AS seconds,
    sum(seconds * 2 * (ask_price - bid_price) / (ask_price + bid_price)) FILTER (WHERE has_bid AND has_ask) AS relative_seconds
  FROM (
    SELECT s.*, extract(epoch FROM LEAST(to_ts, close_ts) - GREATEST(from_ts, open_ts))::float8 AS seconds
    FROM spans s JOIN hours USING (instrument_id)
    WHERE to_ts > open_ts AND from_ts < close_ts AND (has_bid OR has_ask)
  ) AS clipped
  GROUP BY 1, 2
),
ranked AS (
  SELECT *, sum(seconds) FILTER (WHERE spread IS NOT NULL) OVER (PARTITION BY instrument_id ORDER BY spread) AS reached,
    sum(seconds) FILTER (WHERE spread IS NOT NULL) OVER (PARTITION BY instrument_id) AS two_sided
  FROM stood
)
SELECT instrument_id::int AS instrument, sum(seconds) AS quoted, COALESCE(max(two_sided), 0) AS "twoSided",
  COALESCE(sum(seconds) FILTER (WHERE spread = 0), 0) AS locked, COALESCE(sum(seconds) FILTER (WHERE spread < 0), 0) AS crossed,
  sum(seconds * spread) / 1000000 AS "spreadSeconds", sum(relative_seconds) AS "relativeSeconds",
  min(spread) FILTER (WHERE reached >= 0.05 * two_sided) / 1000000 AS p05,
  min(spread) FILTER (WHERE reached >= 0.5 * two_sided) / 1000000 AS median,
  min(spread) FILTER (WHERE reached >= 0.95 * two_sided) / 1000000 AS p95
FROM ranked GROUP BY instrument_id`

interface Row {
  instrument: number
  quoted: number
  twoSided: number
  locked: number
  crossed: number
  spreadSeconds: number | null
  relativeSeconds: number | null
  p05: number | null
  median: number | null
  p95: number | null
}

/**
 * By number of the contract; without those of which no quote stood.
 *
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function standingQuotes(client: Pick<pg.ClientBase, 'query'>, query: StandingQuery): Promise<Map<number, StandingFigures>> {
  const { hours, ends } = query
  const { rows } = await client.query<Row>(STANDING, [
    isoFromUs(query.fromUs),
    isoFromUs(query.toUs),
    hours.map(({ instrument }) => instrument),
    hours.map(({ openUs }) => isoFromUs(openUs)),
    hours.map(({ closeUs }) => isoFromUs(closeUs)),
    ends.map(({ instrument }) => instrument),
    ends.map(({ us }) => isoFromUs(us)),
    query.sessions,
  ])
  return new Map(rows.map((row) => [row.instrument, figuresOf(row)]))
}

function figuresOf({ quoted, twoSided, locked, crossed, spreadSeconds, relativeSeconds, p05, median, p95 }: Row): StandingFigures {
  const figures = { quotedUs: us(quoted), twoSidedUs: us(twoSided), lockedUs: us(locked), crossedUs: us(crossed) }
  if (twoSided === 0 || p05 === null || median === null || p95 === null) return figures
  const [mean, relative] = [(spreadSeconds ?? 0) / twoSided, (relativeSeconds ?? 0) / twoSided]
  return { ...figures, spread: { mean, p05, median, p95, relative } }
}

const us = (seconds: number) => Math.round(seconds * 1_000_000)
