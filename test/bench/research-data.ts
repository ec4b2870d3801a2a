/**
 * A month of quotes and a year of trades to ask questions of, on TimescaleDB Community: the last week as rows and the rest in the columnstore.
 * Two connections make days in turn, so that both cores work.
 */

import type pg from 'pg'

import { connectClient } from '../../db/pool.ts'
import { migrate } from '../../db/schema/migrate.ts'
import { BAR_AGGREGATES } from '../../db/schema/storage/bars/index.ts'
import { reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { BATCH_ROWS, wishedStorage } from '../../db/schema/storage/wished.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'

export const STOCKS = 500
/** What can be held at 100 lines, and a chain as the exchange lists it. */
export const CHAINS = [
  { underlying: 'S1', options: 500, firstId: STOCKS + 1 },
  { underlying: 'S2', options: 100, firstId: STOCKS + 501 },
] as const
/** Weekdays with quotes; the newest are rows. */
export const DAYS = 20
const ROW_DAYS = 5
export const LAST_DAY = '2026-10-30'
const DAY_MS = 86_400_000

/** The last so many weekdays, the first one first. */
function weekdays(count: number): string[] {
  const found: string[] = []
  for (let ms = Date.parse(LAST_DAY); found.length < count; ms -= DAY_MS)
    if (![0, 6].includes(new Date(ms).getUTCDay())) found.unshift(new Date(ms).toISOString().slice(0, 10))
  return found
}

export const MONTH = weekdays(DAYS)
export const YEAR = weekdays(252)

/** @throws Error when the server is of another edition */
export async function prepare(url: string, quotes: number): Promise<pg.Client> {
  const clients = [await connectClient(url), await connectClient(url)] as const
  const [client, other] = clients
  // Dropped with FORCE at the end.
  for (const one of clients) one.on('error', () => undefined)
  await migrate(client)
  // No policies: they would do in the background what is done here, and be measured with it.
  await reconcileStorage(client, {
    wished: wishedStorage().filter(({ kind }) => kind === 'hypertable' || kind === 'columnstore' || kind === 'aggregate'),
  })
  const { rows } = await client.query<{ license: string | null }>("SELECT current_setting('timescaledb.license', true) AS license")
  if (rows[0]?.license !== 'timescale') throw new Error('Expected TimescaleDB Community at TEST_DATABASE_URL, found another edition.')
  await fillTradingSessions(client, { isThorough: true })
  for (const one of clients)
    await one.query(
      `SET timescaledb.compression_batch_size_limit = ${BATCH_ROWS}; SET jit = off; SET TimeZone = 'UTC'; SET synchronous_commit = off; SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 0`,
    )
  // No question of research needs it, and half of the time goes into it.
  await client.query('DROP INDEX quotes_session')
  await makeInstruments(client)
  // Ahead of the month, whose chunks are compressed as a whole.
  await makeYearOfTrades(client)
  const days = MONTH.map((day, i) => ({ day, isOld: i < DAYS - ROW_DAYS }))
  const makeDays = async (one: pg.Client) => {
    for (let next = days.shift(); next !== undefined; next = days.shift()) await makeDay(one, next, quotes / DAYS)
  }
  await Promise.all([makeDays(client), makeDays(other)])
  await Promise.all([storeBars(client), other.query('VACUUM (ANALYZE) instruments, line_holds, control_records, quotes, option_greeks')])
  await other.end()
  await client.query('VACUUM (ANALYZE) trades')
  await client.query('RESET work_mem; RESET max_parallel_workers_per_gather')
  return client
}

/** One session has held all lines. */
async function makeInstruments(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO instruments (key, kind, symbol, currency) SELECT 'stock:S' || i || ':USD', 'stock', 'S' || i, 'USD' FROM generate_series(1, ${STOCKS}) AS i;
     ${CHAINS.map(
       ({
         underlying,
         options,
       }) => `INSERT INTO instruments (key, kind, symbol, currency, trading_class, expiry, strike, "right", multiplier)
       SELECT 'option ${underlying} ' || i, 'option', '${underlying}', 'USD', '${underlying}', date '2026-11-20' + 28 * (i % 5), 50 + i / 10,
         CASE i / 5 % 2 WHEN 0 THEN 'C' ELSE 'P' END, 100
       FROM generate_series(0, ${options - 1}) AS i;`,
     ).join('\n')}
     INSERT INTO sessions (session_id, started_ts, last_alive_ts) VALUES (1, '${MONTH[0]} 13:00Z', '${LAST_DAY} 21:00Z');
     INSERT INTO line_holds (session_id, opened_seq, instrument_id, opened_ts) SELECT 1, instrument_id, instrument_id, '${MONTH[0]} 13:00Z' FROM instruments;
     INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
       SELECT 1, instrument_id, '${MONTH[0]} 13:00Z', 'contract', instrument_id, '{}' FROM instruments`,
  )
}

/** The busiest instrument has some fifty times the quotes of the quietest. */
async function makeDay(client: pg.Client, { day, isOld }: { day: string; isOld: boolean }, quotes: number): Promise<void> {
  const open = `timestamptz '${day} 14:30Z'`
  // As they arrive, which is by time. The columnstore sorts them anew: what goes into it may come by instrument, which is quicker.
  const order = isOld ? '' : 'ORDER BY 1'
  await client.query(
    `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, bid_size, ask_size)
     SELECT ${open} + (k + random()) / n * interval '6.5 hours', 1, k, instrument_id, p, p + 0.01 * (1 + k % 5), 1 + k % 50, 1 + k % 70
     FROM (SELECT instrument_id, ceil(${quotes} * share / sum(share) OVER ())::int AS n
       FROM (SELECT instrument_id, 1.0 / (10 + instrument_id % ${STOCKS}) AS share FROM instruments) s) i
     CROSS JOIN LATERAL (SELECT k, 50 + instrument_id % 90 + (k / 7 + k % 3) % 200 / 100.0::float8 AS p FROM generate_series(0, n - 1) AS k) q ${order}`,
  )
  await client.query(
    `INSERT INTO option_greeks (ts, session_id, seq, instrument_id, basis, implied_volatility, delta, gamma, vega, theta, underlying_price)
     SELECT ${open} + (k + random()) * interval '10 minutes', 1, k, instrument_id, basis, 0.2 + random() / 10, random(), random(), random(), -random(), 50 + random()
     FROM instruments CROSS JOIN generate_series(0, 38) AS k CROSS JOIN (VALUES ('bid'), ('ask'), ('model')) AS b (basis) WHERE kind = 'option' ORDER BY 1`,
  )
  await client.query(
    `INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source)
     SELECT ${open} + (k + random()) * interval '95 minutes', 1, k, instrument_id, 1 + random(), 1, 'last'
     FROM instruments CROSS JOIN generate_series(0, 3) AS k WHERE kind = 'option' ORDER BY 1`,
  )
  if (isOld)
    await client.query(
      `SELECT compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass) FROM timescaledb_information.chunks
       WHERE hypertable_schema = 'public' AND hypertable_name IN ('quotes', 'trades', 'option_greeks') AND NOT is_compressed
         AND range_start <= '${day} 20:00Z' AND range_end > '${day} 20:00Z'`,
    )
}

/** What daily bars need: a trade a day. */
async function makeYearOfTrades(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source)
     SELECT day + time '14:31' + k * interval '2 hours', 2, k, i, 50 + i % 90 + sin(k), 100 + k, 'import'
     FROM unnest($1::timestamptz[]) AS day, generate_series(1, ${STOCKS}) AS i, generate_series(0, 0) AS k ORDER BY 1`,
    [YEAR.map((day) => `${day} 00:00Z`)],
  )
}

/** As `tapedeck db maintain` does. The planner knows nothing of the rows of an aggregate until it is told. */
async function storeBars(client: pg.Client): Promise<void> {
  for (const { name } of BAR_AGGREGATES.filter(({ name }) => /^(quote_)?bars_/.test(name))) {
    await client.query(
      `CALL refresh_continuous_aggregate('${name}', NULL, NULL, options => '{"buckets_per_batch": 0, "refresh_newest_first": false}')`,
    )
    const { rows } = await client.query<{ stored: string }>(
      `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS stored
       FROM timescaledb_information.continuous_aggregates WHERE view_name = '${name}'`,
    )
    await client.query(`ANALYZE ${rows[0]?.stored}`)
  }
  await client.query(`CALL tapedeck.store_finished_days(config => '{"all": true}')`)
  await client.query('VACUUM (ANALYZE) bars_1d_stored')
}
