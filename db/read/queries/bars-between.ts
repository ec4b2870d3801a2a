/** Bars of a range of days: those that were imported, adjusted as of a day or as published, and of what has none of these those of its recorded trades. */

import type pg from 'pg'

import { barLength } from '../../../market/bar.ts'
import { isoFromUs } from '../../../market/time.ts'
import { microseconds } from '../../microseconds.ts'

export interface BarsQuery {
  instruments: readonly number[]
  seconds: number
  /** Bars that begin in this time. */
  fromUs: number
  toUs: number
  /** Of imported bars: `raw` as published, else adjusted for what was known and had happened by `asOf`. */
  prices?: 'raw' | undefined
  /** `YYYY-MM-DD`. */
  asOf: string
}

export interface StoredBar {
  instrument: number
  startUs: number
  open: number
  high: number
  low: number
  close: number
  volume: number | null
  vwap: number | null
  trades: number | null
  source: string
  /** False: as it was traded. */
  isAdjusted: boolean
}

/** Lengths that are kept of recorded trades. */
const OF_TICKS = ['1m', '5m', '1h', '1d']

const us = (column: string) => `${microseconds(column)}::float8`
const FIGURES = 'open, high, low, close, volume, vwap, trades::float8 AS trades, source'

const imported = (prices: 'raw' | undefined) => `
SELECT instrument_id::float8 AS instrument, ${us('start_ts')} AS "startUs", ${FIGURES}, ${prices !== 'raw'} AS "isAdjusted"
FROM ${prices === 'raw' ? '(SELECT * FROM bars WHERE session_date <= $1::date) AS published' : 'adjusted_bars($1)'} WHERE bar_seconds = $2 AND instrument_id = ANY ($3::bigint[]) AND start_ts >= $4 AND start_ts < $5
ORDER BY instrument_id, start_ts`

const OF_TRADES = `
SELECT instrument_id::float8 AS instrument, ${us('ts')} AS "startUs", ${FIGURES}, false AS "isAdjusted"
FROM tapedeck.bars_of($1::bigint[], $2, $3, $4) ORDER BY instrument_id, ts`

type Client = Pick<pg.ClientBase, 'query'>

/** @throws pg.DatabaseError when the database refuses, Error when the connection breaks */
export async function barsBetween(client: Client, { instruments, seconds, fromUs, toUs, prices, asOf }: BarsQuery): Promise<StoredBar[]> {
  const [from, to] = [isoFromUs(fromUs), isoFromUs(toUs)]
  const { rows: published } = await client.query<StoredBar>(imported(prices), [asOf, seconds, instruments, from, to])
  const known = new Set(published.map(({ instrument }) => instrument))
  const others = instruments.filter((instrument) => !known.has(instrument))
  const width = barLength(seconds)
  if (others.length === 0 || !OF_TICKS.includes(width)) return published
  const { rows: ofTrades } = await client.query<StoredBar>(OF_TRADES, [others, width, from, to])
  return [...published, ...ofTrades]
}

export interface Tradable {
  instrument: number
  symbol: string
  currency: string
  kind: 'stock' | 'index'
  /** Of the market whose days it has; null: not known. */
  calendar: string | null
  venue: string | null
}

/** The stocks and indices of these symbols. */
export async function tradablesOf(client: Client, symbols: readonly string[]): Promise<Tradable[]> {
  const { rows } = await client.query<Tradable>(
    `SELECT instrument_id::float8 AS instrument, symbol, currency, kind, calendar, venue
     FROM instruments WHERE symbol = ANY ($1) AND kind IN ('stock', 'index') ORDER BY symbol, instrument_id`,
    [symbols],
  )
  return rows
}
