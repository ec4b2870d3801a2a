/**
 * The database's numbers of instruments. An instrument gets one when a session's ticks or lines first name it, in a statement
 * of its own that commits at once: safe between lanes and processes, and harmless when the batch behind it is never committed.
 */

import pg from 'pg'

import { type Contract, contractKey, type ListedHours, type OptionContract, type PriceStep } from '../../market/contract.ts'
import type { InstrumentNumber } from './copy-encode.ts'
import { isRowRefusal } from '../sqlstates.ts'
import { TRANSACTION_SETTINGS } from '../transaction.ts'

type Queryable = Pick<pg.ClientBase, 'query'>

/** Numbers of this many sessions are remembered: the current one, and those that a recovery drains. */
const REMEMBERED_SESSIONS = 8

/** Sorted, so that two lanes lock the same rows in the same order. `known` adds every instrument to its session. */
const upsertSql = (sessionId: number, json: string) => `
WITH session AS (
  INSERT INTO sessions (session_id) VALUES (${sessionId}) ON CONFLICT DO NOTHING
), known AS (
  INSERT INTO instruments (key, kind, symbol, currency, venue, trading_class, expiry, last_trade_date, strike, "right", multiplier, con_id,
    price_grid, hours)
  SELECT key, kind, symbol, currency, venue, trading_class, expiry, last_trade_date, strike, "right", multiplier, con_id, price_grid, hours
  FROM jsonb_to_recordset(${pg.escapeLiteral(json)}::jsonb) AS c(key text, kind text, symbol text, currency text, venue text, trading_class text, expiry date,
    last_trade_date date, strike float8, "right" text, multiplier float8, con_id bigint, price_grid jsonb, hours jsonb)
  ORDER BY key
  ON CONFLICT (key) DO UPDATE SET venue = COALESCE(EXCLUDED.venue, instruments.venue),
    last_trade_date = COALESCE(EXCLUDED.last_trade_date, instruments.last_trade_date),
    con_id = COALESCE(EXCLUDED.con_id, instruments.con_id), price_grid = COALESCE(EXCLUDED.price_grid, instruments.price_grid),
    hours = COALESCE(EXCLUDED.hours, instruments.hours)
  RETURNING instrument_id, key
), held AS (
  INSERT INTO session_instruments (session_id, instrument_id) SELECT ${sessionId}, instrument_id FROM known ORDER BY instrument_id
  ON CONFLICT DO NOTHING
)
SELECT instrument_id, key FROM known`

/** Finds the numbers of instruments, gives new ones, and remembers them by session. */
export class InstrumentNumbers {
  /** By key; the latest session last. */
  readonly #sessions = new Map<number, Map<string, InstrumentNumber>>()
  readonly #keys = new WeakMap<Contract, string>()

  /**
   * The numbers of a tape's instruments. One that the tape does not explain, or that the database refuses
   * (a date that does not exist), gets the reason instead.
   *
   * @param contracts by the tape's own number; undefined where the tape has none
   * @param renewed those that the tape described again, perhaps in more detail
   */
  async numbersOf(
    client: Queryable,
    sessionId: number,
    contracts: ReadonlyMap<number, Contract | undefined>,
    renewed: readonly Contract[],
  ): Promise<Map<number, InstrumentNumber>> {
    const known = this.#session(sessionId)
    const missing = new Map<string, Contract>()
    for (const contract of contracts.values())
      if (contract && !known.has(this.#keyOf(contract))) missing.set(this.#keyOf(contract), contract)
    for (const contract of renewed) missing.set(this.#keyOf(contract), contract)
    if (missing.size > 0) await upsertAll(client, sessionId, [...missing], known)

    const numbers = new Map<number, InstrumentNumber>()
    for (const [instrument, contract] of contracts) {
      const number = contract && known.get(this.#keyOf(contract))
      numbers.set(instrument, number ?? { refusal: `the tape has no contract for its instrument ${instrument}` })
    }
    return numbers
  }

  #session(sessionId: number): Map<string, InstrumentNumber> {
    const known = this.#sessions.get(sessionId) ?? new Map<string, InstrumentNumber>()
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, known)
    const [oldest] = this.#sessions.keys()
    if (oldest !== undefined && this.#sessions.size > REMEMBERED_SESSIONS) this.#sessions.delete(oldest)
    return known
  }

  #keyOf(contract: Contract): string {
    let key = this.#keys.get(contract)
    if (key === undefined) {
      key = contractKey(contract)
      this.#keys.set(contract, key)
    }
    return key
  }
}

type Entry = readonly [key: string, contract: Contract]

async function upsertAll(
  client: Queryable,
  sessionId: number,
  entries: readonly Entry[],
  known: Map<string, InstrumentNumber>,
): Promise<void> {
  try {
    await upsert(client, sessionId, entries, known)
  } catch (error) {
    if (!isRowRefusal(error)) throw error
    if (entries.length > 1) for (const entry of entries) await upsertAll(client, sessionId, [entry], known)
    else for (const [key] of entries) known.set(key, { refusal: `the database does not take the instrument ${key}: ${error.message}` })
  }
}

async function upsert(
  client: Queryable,
  sessionId: number,
  entries: readonly Entry[],
  known: Map<string, InstrumentNumber>,
): Promise<void> {
  const rows = entries.map(([key, contract]) => instrumentRow(key, contract))
  // One message is one transaction, undone as a whole when the database refuses a row.
  const answer: unknown = await client.query(`${TRANSACTION_SETTINGS}; ${upsertSql(sessionId, JSON.stringify(rows))}`)
  const result = (answer as pg.QueryResult<{ instrument_id: string; key: string }>[]).at(-1)
  for (const { instrument_id, key } of result?.rows ?? []) known.set(key, Number(instrument_id))
}

export function instrumentRow(key: string, contract: Contract): Record<string, unknown> {
  const { kind, symbol, currency, conId, priceGrid, hours } = contract
  const common = { key, kind, symbol, currency, con_id: conId, price_grid: priceGrid, hours }
  switch (contract.kind) {
    case 'stock':
      return { ...common, venue: contract.primaryVenue }
    case 'index':
      return { ...common, venue: contract.venue }
    case 'future':
      return {
        ...common,
        venue: contract.venue,
        trading_class: contract.tradingClass,
        expiry: contract.expiry,
        multiplier: contract.multiplier,
      }
    case 'option':
      return {
        ...common,
        trading_class: contract.tradingClass,
        expiry: contract.expiry,
        last_trade_date: contract.lastTradeDate,
        strike: contract.strike,
        right: contract.right,
        multiplier: contract.multiplier,
      }
  }
}

interface InstrumentRow {
  instrument_id: string
  kind: Contract['kind']
  symbol: string
  currency: string
  venue: string | null
  trading_class: string | null
  expiry: string | null
  last_trade_date: string | null
  strike: number | null
  right: OptionContract['right'] | null
  multiplier: number | null
  con_id: string | null
  price_grid: PriceStep[] | null
  hours: ListedHours | null
}

/** The instruments of a session by the database's number. */
export async function readInstruments(client: Queryable, sessionId: number): Promise<Map<number, Contract>> {
  const { rows } = await client.query<InstrumentRow>(
    `SELECT instrument_id, kind, symbol, currency, venue, trading_class, expiry::text, last_trade_date::text, strike, "right", multiplier, con_id,
       price_grid, hours
     FROM instruments JOIN session_instruments USING (instrument_id) WHERE session_id = $1 ORDER BY instrument_id`,
    [sessionId],
  )
  return new Map(rows.map((row) => [Number(row.instrument_id), contractOf(row)]))
}

function contractOf(row: InstrumentRow): Contract {
  const { kind, symbol, currency } = row
  const fromBroker = {
    ...(row.con_id !== null && { conId: Number(row.con_id) }),
    ...(row.price_grid !== null && { priceGrid: row.price_grid }),
    ...(row.hours !== null && { hours: row.hours }),
  }
  const expiry = row.expiry ?? ''
  const tradingClass = row.trading_class ?? symbol
  const multiplier = row.multiplier ?? 1
  switch (kind) {
    case 'stock':
      return { kind, symbol, currency, ...(row.venue === null ? {} : { primaryVenue: row.venue }), ...fromBroker }
    case 'index':
      return { kind, symbol, currency, venue: row.venue ?? '', ...fromBroker }
    case 'future':
      return { kind, symbol, currency, expiry, multiplier, tradingClass, venue: row.venue ?? '', ...fromBroker }
    case 'option': {
      const lastTradeDate = row.last_trade_date === null ? {} : { lastTradeDate: row.last_trade_date }
      const { strike, right } = row
      return {
        kind,
        symbol,
        currency,
        expiry,
        ...lastTradeDate,
        strike: strike ?? Number.NaN,
        right: right ?? 'C',
        multiplier,
        tradingClass,
        ...fromBroker,
      }
    }
  }
}
