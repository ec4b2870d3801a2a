/** Stores what parity implied of each chain, minute by minute. Derived like opportunities: stored twice they are the same rows. */

import type { ParitySample } from '../../market/arbitrage/parity.ts'
import { isoFromUs } from '../../market/time.ts'
import { jsonbText } from '../jsonb.ts'
import { deletePart, inTransaction, type Queryable, recordset, type ScannedPart } from './derived-rows.ts'

export interface FoundParity {
  sessionId: number
  sample: ParitySample
}

/** Types by column. */
const COLUMNS: Readonly<Record<string, string>> = {
  session_id: 'bigint',
  ts: 'timestamptz',
  symbol: 'text',
  currency: 'text',
  trading_class: 'text',
  multiplier: 'float8',
  expiry: 'date',
  days: 'float8',
  pairs: 'integer',
  forward_bid: 'float8',
  forward_ask: 'float8',
  forward: 'float8',
  spot: 'float8',
  carry_rate: 'float8',
  implied_rate: 'float8',
  rate: 'float8',
  income: 'float8',
  income_rate: 'float8',
}

/** So many rows in a statement. */
const ROWS = 2000

/**
 * Stores them in one transaction. Those that are there already stay as they are, so that a call whose outcome is not known may be repeated.
 *
 * @throws WriteError when the database does not take them
 */
export async function storeParity(client: Queryable, found: readonly FoundParity[]): Promise<void> {
  if (found.length > 0) await inTransaction(client, 'samples of parity', () => insert(client, found))
}

/**
 * Stores the samples of a scan in place of those that are stored of the same part of the session, in one transaction.
 *
 * @throws WriteError when the database does not take them
 */
export async function replaceParity(client: Queryable, part: ScannedPart, found: readonly FoundParity[]): Promise<void> {
  await inTransaction(client, 'samples of parity', async () => {
    await deletePart(client, 'implied_carry', { from: 'ts', until: 'ts' }, part)
    await insert(client, found)
  })
}

async function insert(client: Queryable, found: readonly FoundParity[]): Promise<void> {
  for (let at = 0; at < found.length; at += ROWS) await client.query(INSERT, [jsonbText(found.slice(at, at + ROWS).map(rowOf))])
}

const { names, types } = recordset(COLUMNS)
const INSERT = `INSERT INTO implied_carry (${names}) SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS given(${types}) ON CONFLICT DO NOTHING`

function rowOf({ sessionId, sample }: FoundParity): Record<string, unknown> {
  const { tsUs, symbol, currency, tradingClass, multiplier, expiry, days, pairs, forwardBid, forwardAsk, ...rest } = sample
  const { forward, spot, carryRate, impliedRate, rate, income, incomeRate } = rest
  return {
    session_id: sessionId,
    ts: isoFromUs(tsUs),
    symbol,
    currency,
    trading_class: tradingClass,
    multiplier,
    expiry,
    days,
    pairs,
    forward_bid: forwardBid,
    forward_ask: forwardAsk,
    forward,
    spot,
    carry_rate: carryRate,
    implied_rate: impliedRate,
    rate,
    income,
    income_rate: incomeRate,
  }
}
