/**
 * What a backfill leaves in the database: each request that is sent, and the rows of its answer in the transaction that notes it as answered. So
 * a process that is killed at any moment has every request either finished, with all of its rows, or not.
 */

import PQueue from 'p-queue'
import pg from 'pg'

import type { HistoryBar } from '../../market/bar.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { WriteError } from '../../market/errors.ts'
import { Staging } from '../bars/staging.ts'
import { storeBars } from '../bars/store-bars.ts'
import { microseconds } from '../microseconds.ts'
import { connectClient } from '../pool.ts'
import { writeErrorOf } from '../sqlstates.ts'
import { BEGIN } from '../transaction.ts'
import { instrumentRow } from '../write/instruments.ts'

/** Which bars, or ticks. */
export interface SeriesKey {
  series: string
  /** Of a bar; undefined: ticks. */
  seconds: number | undefined
}

export interface RequestKey extends SeriesKey {
  instrumentId: number
  fromUs: number
  toUs: number
}

/** A request for bars. */
type BarsKey = RequestKey & { seconds: number }

/** What is known of a contract before it is asked about. */
export interface KnownContract {
  done: { fromUs: number; toUs: number }[]
  /** Ex-dates. */
  splits: string[]
}

/** A bar of an answer, with the date of its session. */
export interface StoredBar extends HistoryBar {
  date: string
}

export interface StoredCounts {
  new: number
  changed: number
  unchanged: number
  /** Another source has these bars, which stay. */
  others: number
  /** Without a price. */
  unpriced: number
}

export interface RecentRequest extends RequestKey {
  /** Since its answer; 0 where that is not known. */
  agoMs: number
}

/** Source of the bars of trades. */
const SOURCE = 'broker'
const TRADES = 'trades'
const CALENDAR = 'XNYS'
/** Any number that no other program is likely to lock. */
const BACKFILL_LOCK = '7402338110223352'
const MS_PER_DAY = 86_400_000

const time = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000000)`

export class BackfillStore {
  readonly #client: pg.Client
  /** One statement or transaction after the other. */
  readonly #turns = new PQueue({ concurrency: 1 })

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<BackfillStore> {
    return new BackfillStore(await connectClient(url))
  }

  /** Two backfills at once would share IB's limits without knowing it. @throws WriteError `backfill-runs` when another one has begun. */
  async alone(): Promise<void> {
    const { rows } = await this.#query<{ alone: boolean }>(`SELECT pg_try_advisory_lock(${BACKFILL_LOCK}) AS alone`)
    if (rows[0]?.alone !== true)
      throw new WriteError(
        'Another backfill into this database is running, or a collector fills gaps. Wait for its end, or stop it (repair.gaps: off).',
        {
          code: 'backfill-runs',
          retryable: true,
        },
      )
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }

  /** By the key of the contract; contracts that the database does not have are absent. */
  async known(contracts: readonly Contract[], { series, seconds }: SeriesKey): Promise<Map<string, KnownContract>> {
    const { rows } = await this.#query<{ key: string; done: KnownContract['done'] | null; splits: string[] | null }>(
      `SELECT key,
         (SELECT json_agg(json_build_object('fromUs', ${microseconds('from_ts')}, 'toUs', ${microseconds('to_ts')}))
          FROM backfill_requests r WHERE r.instrument_id = i.instrument_id AND series = $2 AND bar_seconds IS NOT DISTINCT FROM $3 AND outcome IN ('stored', 'no-data')) AS done,
         (SELECT json_agg(DISTINCT ex_date::text) FROM corporate_actions a
          WHERE a.instrument_id = i.instrument_id AND a.kind = 'split' AND a.status <> 'cancelled') AS splits
       FROM instruments i WHERE key = ANY ($1)`,
      [contracts.map(contractKey), series, seconds ?? null],
    )
    return new Map(rows.map(({ key, done, splits }) => [key, { done: done ?? [], splits: splits ?? [] }]))
  }

  /** The database's numbers of the contracts, in their order; new ones get one. */
  async numbersOf(contracts: readonly Contract[]): Promise<number[]> {
    const rows = contracts.map((contract) => instrumentRow(contractKey(contract), contract))
    await this.#query(
      `INSERT INTO instruments (key, kind, symbol, currency, venue, trading_class, expiry, last_trade_date, strike, "right", multiplier, con_id)
       SELECT DISTINCT ON (key) key, kind, symbol, currency, venue, trading_class, expiry, last_trade_date, strike, "right", multiplier, con_id
       FROM jsonb_to_recordset($1::jsonb) AS c(key text, kind text, symbol text, currency text, venue text, trading_class text, expiry date,
         last_trade_date date, strike float8, "right" text, multiplier float8, con_id bigint)
       ORDER BY key ON CONFLICT (key) DO NOTHING`,
      [JSON.stringify(rows)],
    )
    const { rows: found } = await this.#query<{ key: string; id: string }>(
      'SELECT key, instrument_id AS id FROM instruments WHERE key = ANY ($1)',
      [contracts.map(contractKey)],
    )
    const ids = new Map(found.map(({ key, id }) => [key, Number(id)]))
    return contracts.map((contract) => ids.get(contractKey(contract)) ?? Number.NaN)
  }

  /** Requests that may still count for the limits of the broker. */
  async recent(withinMs: number): Promise<RecentRequest[]> {
    const { rows } = await this.#query<Record<'id' | 'from' | 'to' | 'ago', string> & { series: string; seconds: number | null }>(
      `SELECT instrument_id AS id, series, bar_seconds AS seconds, ${microseconds('from_ts')} AS from, ${microseconds('to_ts')} AS to,
         COALESCE(extract(epoch FROM clock_timestamp() - ended_at) * 1000, 0) AS ago
       FROM backfill_requests WHERE COALESCE(ended_at, asked_at) > clock_timestamp() - $1::float8 * interval '1 millisecond'`,
      [withinMs],
    )
    return rows.map(({ id, series, seconds, from, to, ago }) => ({
      instrumentId: Number(id),
      series,
      seconds: seconds ?? undefined,
      fromUs: Number(from),
      toUs: Number(to),
      agoMs: Math.max(0, Number(ago)),
    }))
  }

  /** Notes a request before it is sent. Returns its number. */
  async asked({ instrumentId, series, seconds, fromUs, toUs }: RequestKey): Promise<number> {
    const { rows } = await this.#query<{ id: string }>(
      `INSERT INTO backfill_requests (instrument_id, series, bar_seconds, from_ts, to_ts)
       VALUES ($1, $2, $3, ${time('$4')}, ${time('$5')}) RETURNING request_id AS id`,
      [instrumentId, series, seconds ?? null, fromUs, toUs],
    )
    return Number(rows[0]?.id)
  }

  /** Notes that a request brought nothing. */
  async ended(requestId: number, outcome: 'no-data' | 'asked-again' | 'refused', reason: string): Promise<void> {
    await this.#query(
      `UPDATE backfill_requests SET (ended_at, outcome, reason, bars, ticks) =
         (clock_timestamp(), $2, $3, CASE WHEN bar_seconds > 0 THEN 0 END, CASE WHEN bar_seconds IS NULL THEN 0 END) WHERE request_id = $1`,
      [requestId, outcome, reason],
    )
  }

  /** Notes what came of a request for ticks, where no session has them: see `answeredSql`. */
  async answered(requestId: number, answer: TicksAnswer): Promise<void> {
    await this.#query(answeredSql(requestId, answer))
  }

  /** Stores the bars of an answer, and notes the request as finished, in one transaction. */
  store(requestId: number, request: BarsKey, bars: readonly StoredBar[]): Promise<StoredCounts> {
    return this.#turns.add(async () => {
      const client = this.#client
      try {
        await client.query(BEGIN)
        const counts = request.series === TRADES ? await storeTrades(client, request, bars) : await storeOthers(client, request, bars)
        await client.query(
          "UPDATE backfill_requests SET (ended_at, outcome, bars) = (clock_timestamp(), 'stored', $2) WHERE request_id = $1",
          [requestId, bars.length],
        )
        await client.query('COMMIT')
        return counts
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined)
        throw writeErrorOf(error, 'The bars cannot be stored')
      }
    })
  }

  #query<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<T>> {
    return this.#turns.add(async () => {
      try {
        return await this.#client.query<T>(text, values)
      } catch (error) {
        throw writeErrorOf(error, 'did not take a statement of a backfill')
      }
    })
  }
}

/** What came of a request for ticks. */
export interface TicksAnswer {
  /** Behind the last second of which all ticks are known now. */
  toUs: number
  ticks: number
  /** Where they are; undefined: nowhere, as there were none. */
  sessionId?: number
  /** The broker's words, where it has none. */
  noData?: string | undefined
}

/** The statement that notes it, to be committed with the ticks. */
export function answeredSql(requestId: number, { toUs, ticks, sessionId, noData }: TicksAnswer): string {
  const outcome = noData === undefined ? 'stored' : 'no-data'
  const reason = noData === undefined ? 'NULL' : pg.escapeLiteral(noData)
  return `UPDATE backfill_requests SET (ended_at, outcome, reason, to_ts, ticks, session_id) =
    (clock_timestamp(), '${outcome}', ${reason}, ${time(String(toUs))}, ${ticks}, ${sessionId ?? 'NULL'}) WHERE request_id = ${requestId}`
}

type Priced = StoredBar & Record<'open' | 'high' | 'low' | 'close', number>

async function storeTrades(client: pg.Client, { instrumentId, seconds }: BarsKey, bars: readonly StoredBar[]): Promise<StoredCounts> {
  const isPriced = (bar: StoredBar): bar is Priced => [bar.open, bar.high, bar.low, bar.close].every((price) => price !== undefined)
  const priced = bars.filter(isPriced)
  const staging = new Staging(client)
  await staging.open()
  const symbol = String(instrumentId)
  for (const [line, { startUs, date, volume = Number.NaN, vwap = Number.NaN, trades = Number.NaN, ...prices }] of priced.entries())
    staging.add({ symbol, time: { date, day: dayOf(date), startUs }, ...prices, volume, vwap, trades, dividend: 0, split: 1 }, 0, line + 1)
  await staging.finish()
  await client.query('UPDATE instruments SET calendar = $2 WHERE instrument_id = $1 AND calendar IS NULL', [instrumentId, CALENDAR])
  await client.query('CREATE TEMP TABLE staged_symbols (symbol bigint, name text, instrument_id bigint) ON COMMIT DROP')
  await client.query('INSERT INTO staged_symbols VALUES (0, $2, $1)', [instrumentId, symbol])
  let others = 0
  const stored = await storeBars(client, {
    seconds,
    source: SOURCE,
    replace: false,
    mayRepeat: staging.mayRepeat,
    onRefused: () => others++,
  })
  return { new: stored.new, changed: stored.changed, unchanged: stored.unchanged, others, unpriced: bars.length - priced.length }
}

async function storeOthers(
  client: pg.Client,
  { instrumentId, series, seconds }: BarsKey,
  bars: readonly StoredBar[],
): Promise<StoredCounts> {
  const rows = bars.map(({ startUs, date, open, high, low, close }) => ({ start_us: startUs, session_date: date, open, high, low, close }))
  const { rowCount } = await client.query(
    `INSERT INTO broker_bars (instrument_id, series, bar_seconds, start_ts, session_date, open, high, low, close)
     SELECT $1, $2, $3, ${time('b.start_us')}, session_date, open, high, low, close
     FROM jsonb_to_recordset($4::jsonb) AS b(start_us bigint, session_date date, open float8, high float8, low float8, close float8)
     ON CONFLICT DO NOTHING`,
    [instrumentId, series, seconds, JSON.stringify(rows)],
  )
  const added = rowCount ?? 0
  return { new: added, changed: 0, unchanged: bars.length - added, others: 0, unpriced: 0 }
}

function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY
}
