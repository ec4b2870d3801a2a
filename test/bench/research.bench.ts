/**
 * Questions of research on TimescaleDB Community (TEST_DATABASE_URL): over QUOTES quotes of a month (20 million; QUOTES=100000000 is the long
 * form), the last week as rows and the rest in the columnstore, and over a year of daily bars. Each against reading the same rows raw by the
 * shortest way that this server has. p95 in milliseconds stands below, and then the plan.
 */

import type pg from 'pg'
import { bench } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { BAR_AGGREGATES } from '../../db/schema/storage/bars/index.ts'
import { reconcileStorage } from '../../db/schema/storage/reconcile.ts'
import { wishedStorage } from '../../db/schema/storage/wished.ts'
import { fillTradingSessions } from '../../db/schema/trading-sessions.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { measure, quantile, timed } from './harness.ts'

const QUOTES = Number(process.env['QUOTES'] ?? 20_000_000)
const STOCKS = 500
const OPTIONS = 500
/** Weekdays with quotes; the newest are rows. */
const DAYS = 20
const ROW_DAYS = 5
const RUNS = 20
const LAST_DAY = '2026-10-30'
const DAY_MS = 86_400_000

/** The last so many weekdays, the first one first. */
function weekdays(count: number): string[] {
  const found: string[] = []
  for (let ms = Date.parse(LAST_DAY); found.length < count; ms -= DAY_MS)
    if (![0, 6].includes(new Date(ms).getUTCDay())) found.unshift(new Date(ms).toISOString().slice(0, 10))
  return found
}

const MONTH = weekdays(DAYS)
const YEAR = weekdays(252)

interface Question {
  title: string
  sql: (run: number) => string
  /** The same rows raw. */
  raw: (run: number) => string
}

/** Days of the month in turn, of which three in four are in the columnstore; the same question is never asked twice in a row. */
const dayOf = (run: number) => MONTH[(run * 7) % DAYS] as string
/** Busy stocks and quiet ones. */
const stockOf = (run: number) => 1 + ((run * 37) % STOCKS)
const onDay = (run: number) => `instrument_id = ${stockOf(run)} AND ts >= '${dayOf(run)} 00:00Z' AND ts < '${dayOf(run)} 24:00Z'`
const inMonth = (run: number) => `instrument_id = ${stockOf(run)} AND ts >= '${MONTH[0]} 00:00Z' AND ts < '${LAST_DAY} 24:00Z'`
/** At 15:00 to 19:59. */
const instantOf = (run: number) => `${dayOf(run)} ${15 + (run % 5)}:${10 + ((run * 13) % 50)}Z`

const QUESTIONS: readonly Question[] = [
  {
    title: 'one stock on one day',
    sql: (run) => `SELECT ts, bid_price, ask_price, bid_size, ask_size FROM quotes WHERE ${onDay(run)} ORDER BY ts`,
    raw: (run) => `SELECT ts, bid_price, ask_price, bid_size, ask_size FROM quotes WHERE ${onDay(run)}`,
  },
  {
    title: `a chain of ${OPTIONS} options at an instant`,
    sql: (run) => `SELECT * FROM chain_at('S1', '${instantOf(run)}')`,
    raw: (run) =>
      ['quotes', 'option_greeks', 'trades']
        .map(
          (table) => `SELECT count(ts) FROM generate_series(${STOCKS + 1}, ${STOCKS + OPTIONS}) AS i, LATERAL (SELECT ts FROM ${table}
           WHERE instrument_id = i AND ts <= '${instantOf(run)}' AND ts > '${dayOf(run)} 00:00Z' ORDER BY ts DESC LIMIT 1) AS newest`,
        )
        .join(' UNION ALL '),
  },
  {
    title: `daily bars of ${STOCKS} stocks for a year`,
    sql: () =>
      `SELECT count(*), sum(open), max(high), min(low), sum(close), sum(volume) FROM tapedeck.bars_of((SELECT array_agg(i) FROM generate_series(1, ${STOCKS}) AS i), '1d', '${YEAR[0]}', '${LAST_DAY} 24:00Z')`,
    raw: () =>
      `SELECT count(*), sum(open), max(high), min(low), sum(close), sum(volume) FROM bars_day_parts WHERE ts >= '${YEAR[0]}' AND ts < '${LAST_DAY} 24:00Z'`,
  },
  {
    title: 'spreads of one stock in a month',
    sql: (run) =>
      `SELECT ts::date, count(*), avg(ask_price - bid_price), percentile_cont(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY ask_price - bid_price)
       FROM quotes WHERE ${inMonth(run)} GROUP BY 1 ORDER BY 1`,
    raw: (run) => `SELECT count(bid_price), sum(ask_price) FROM quotes WHERE ${inMonth(run)}`,
  },
]

forEachEdition('research', ({ name, createTapeDatabase }) => {
  if (name !== 'TEST_DATABASE_URL') {
    // The runner wants one for each edition.
    bench('is measured on TimescaleDB Community only', () => undefined, { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0 })
    return
  }
  let ready: Promise<pg.Client> | undefined
  for (const { title, sql, raw } of QUESTIONS) {
    let plan = ''
    let run = 0
    measure({
      title: `${title}, of ${QUOTES.toLocaleString('en')} quotes`,
      unit: 'questions/s',
      limit: 'reading the same rows raw',
      round: async () => {
        const client = await (ready ??= createTapeDatabase().then(prepare))
        const seconds: { ours: number[]; raw: number[] } = { ours: [], raw: [] }
        for (let i = 0; i < RUNS; i++, run++) {
          seconds.raw.push((await timed(() => ask(client, raw(run)))).seconds)
          seconds.ours.push((await timed(() => ask(client, sql(run)))).seconds)
        }
        plan = (await ask(client, `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql(run)}`)).map(([line]) => String(line)).join('\n')
        const p95 = (values: number[]) => 1000 * quantile(values, 0.95)
        const rate = (values: number[]) => 1 / quantile(values, 0.5)
        return {
          ours: rate(seconds.ours),
          limit: rate(seconds.raw),
          more: { 'p95 in ms': p95(seconds.ours), 'p95 of the limit in ms': p95(seconds.raw) },
        }
      },
      // The database goes with the edition's tests, whatever still reads it.
      cleanUp: async () => {
        process.stdout.write(`${plan}\n`)
      },
    })
  }
})

async function ask(client: pg.Client, text: string): Promise<unknown[][]> {
  return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows
}

async function prepare(url: string): Promise<pg.Client> {
  const client = await connectClient(url)
  const { rows } = await client.query<{ license: string | null }>(
    `SELECT current_setting('timescaledb.license', true) AS license FROM pg_extension WHERE extname = 'timescaledb'`,
  )
  if (rows[0]?.license !== 'timescale') {
    await client.end()
    throw new Error('Expected TimescaleDB Community at TEST_DATABASE_URL, found another edition.')
  }
  // Dropped with FORCE at the end.
  client.on('error', () => undefined)
  const wished = wishedStorage()
  await reconcileStorage(client, {
    wished: [...wished, ...BAR_AGGREGATES.filter(({ name }) => !wished.some((object) => 'name' in object && object.name === name))],
  })
  await fillTradingSessions(client, { isThorough: true })
  await client.query(`SET jit = off; SET TimeZone = 'UTC'; SET synchronous_commit = off; SET work_mem = '256MB'`)
  // No question of research needs it, and half of the time goes into it.
  await client.query('DROP INDEX quotes_session')
  await makeInstruments(client)
  // Ahead of the month, whose chunks are compressed as a whole.
  await makeYearOfTrades(client)
  for (const [i, day] of MONTH.entries()) await makeDay(client, day, { isOld: i < DAYS - ROW_DAYS })
  await client.query('RESET work_mem')
  // What timescaledb-tune sets: with the default, the planner reads small chunks of the columnstore whole, once for each instrument.
  await client.query('SET random_page_cost = 1.1')
  await client.query('VACUUM (ANALYZE) instruments, line_holds, control_records, quotes, trades, option_greeks')
  return client
}

/** The options are S1's; one session has held all lines. */
async function makeInstruments(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO instruments (key, kind, symbol, currency) SELECT 'stock:S' || i || ':USD', 'stock', 'S' || i, 'USD' FROM generate_series(1, ${STOCKS}) AS i;
     INSERT INTO instruments (key, kind, symbol, currency, trading_class, expiry, strike, "right", multiplier)
       SELECT 'option ' || i, 'option', 'S1', 'USD', 'S1', date '2026-11-20' + 28 * (i % 5), 50 + i / 10, CASE i / 5 % 2 WHEN 0 THEN 'C' ELSE 'P' END, 100
       FROM generate_series(0, ${OPTIONS - 1}) AS i;
     INSERT INTO sessions (session_id, started_ts, last_alive_ts) VALUES (1, '${MONTH[0]} 13:00Z', '${LAST_DAY} 21:00Z');
     INSERT INTO line_holds (session_id, opened_seq, instrument_id, opened_ts) SELECT 1, instrument_id, instrument_id, '${MONTH[0]} 13:00Z' FROM instruments;
     INSERT INTO control_records (session_id, seq, ts, kind, instrument_id, record)
       SELECT 1, instrument_id, '${MONTH[0]} 13:00Z', 'contract', instrument_id, '{}' FROM instruments`,
  )
}

/** The busiest instrument has some hundred times the quotes of the quietest. */
async function makeDay(client: pg.Client, day: string, { isOld }: { isOld: boolean }): Promise<void> {
  const perDay = QUOTES / DAYS
  const open = `timestamptz '${day} 14:30Z'`
  const { rows } = await client.query<{ sum: number }>(`SELECT sum(1.0 / (10 + instrument_id % ${STOCKS}))::float8 AS sum FROM instruments`)
  const insert = (sql: string) => client.query(sql)
  // As it arrives, which is by time; the columnstore sorts it anew.
  await insert(
    `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, bid_size, ask_size)
     SELECT ${open} + (k + random()) / n * interval '6.5 hours', 1, k, instrument_id, p, p + 0.01 * (1 + k % 5), 1 + k % 50, 1 + k % 70
     FROM (SELECT instrument_id, ceil(${perDay} / ${rows[0]?.sum ?? 1} / (10 + instrument_id % ${STOCKS}))::int AS n FROM instruments) i
     CROSS JOIN LATERAL (SELECT k, round((50 + instrument_id % 90 + sin(k / 1000.0))::numeric, 2)::float8 AS p FROM generate_series(0, n - 1) AS k) q
     ORDER BY 1`,
  )
  await insert(
    `INSERT INTO option_greeks (ts, session_id, seq, instrument_id, basis, implied_volatility, delta, gamma, vega, theta, underlying_price)
     SELECT ${open} + (k + random()) * interval '10 minutes', 1, k, instrument_id, basis, 0.2 + random() / 10, random(), random(), random(), -random(), 50 + random()
     FROM instruments CROSS JOIN generate_series(0, 38) AS k CROSS JOIN (VALUES ('bid'), ('ask'), ('model')) AS b (basis) WHERE kind = 'option' ORDER BY 1`,
  )
  await insert(
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

/** What daily bars need: a trade a day. The planner knows nothing of the rows of an aggregate until it is told. */
async function makeYearOfTrades(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source)
     SELECT day + time '14:31' + k * interval '2 hours', 2, k, i, 50 + i % 90 + sin(k), 100 + k, 'import'
     FROM unnest($1::timestamptz[]) AS day, generate_series(1, ${STOCKS}) AS i, generate_series(0, 0) AS k ORDER BY 1`,
    [YEAR.map((day) => `${day} 00:00Z`)],
  )
  for (const { name } of BAR_AGGREGATES.filter(({ name }) => name.startsWith('bars_'))) {
    await client.query('ANALYZE')
    await client.query(`CALL refresh_continuous_aggregate('${name}', NULL, NULL)`)
  }
}
