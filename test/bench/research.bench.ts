/**
 * Questions of research on TimescaleDB Community (TEST_DATABASE_URL): over QUOTES quotes of a month (20 million; QUOTES=100000000 is the long
 * form), the last week as rows and the rest in the columnstore, and over a year of daily bars. Each against reading the same rows raw by the
 * shortest way that this server has. p50 and p95 in milliseconds stand below, and then the plan. The data take some minutes to make.
 */

import type pg from 'pg'
import { bench } from 'vitest'

import { forEachEdition } from '../support/database/databases.ts'
import { measure, quantile, timed } from './harness.ts'
import { CHAINS, DAYS, LAST_DAY, MONTH, prepare, STOCKS, YEAR } from './research-data.ts'

const QUOTES = Number(process.env['QUOTES'] ?? 20_000_000)
const RUNS = 20

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

const ALL_STOCKS = Array.from({ length: STOCKS }, (_, i) => i + 1).join(',')

const QUESTIONS: readonly Question[] = [
  {
    title: 'one stock on one day',
    sql: (run) => `SELECT ts, bid_price, ask_price, bid_size, ask_size FROM quotes WHERE ${onDay(run)} ORDER BY ts`,
    raw: (run) => `SELECT ts, bid_price, ask_price, bid_size, ask_size FROM quotes WHERE ${onDay(run)}`,
  },
  ...CHAINS.map(({ underlying, options, firstId }) => ({
    title: `a chain of ${options} options at an instant`,
    sql: (run: number) => `SELECT * FROM chain_at('${underlying}', '${instantOf(run)}')`,
    raw: (run: number) =>
      [
        ['quotes', 'ts, bid_price, ask_price, bid_size, ask_size'],
        ['option_greeks', 'ts, implied_volatility, delta, gamma, vega, theta, underlying_price'],
        ['trades', 'ts, price, size'],
      ]
        .map(
          ([
            table,
            columns,
          ]) => `SELECT count(newest) FROM generate_series(${firstId}, ${firstId + options - 1}) AS i, LATERAL (SELECT ${columns} FROM ${table}
           WHERE instrument_id = i AND ts <= '${instantOf(run)}' AND ts > '${dayOf(run)} 00:00Z' ORDER BY ts DESC LIMIT 1) AS newest`,
        )
        .join(' UNION ALL '),
  })),
  {
    title: `daily bars of ${STOCKS} stocks for a year`,
    sql: () =>
      `SELECT count(*), sum(open), max(high), min(low), sum(close), sum(volume) FROM tapedeck.bars_of('{${ALL_STOCKS}}', '1d', '${YEAR[0]}', '${LAST_DAY} 24:00Z')`,
    raw: () =>
      `SELECT count(*), sum(open), max(high), min(low), sum(close), sum(volume) FROM bars_1d_stored WHERE day_ts >= '${YEAR[0]}' AND day_ts < '${LAST_DAY} 24:00Z'`,
  },
  {
    title: 'spreads of one stock in a month, by day',
    sql: (run) => `SELECT * FROM spreads('S${stockOf(run)}', '1d', '${MONTH[0]}', '${LAST_DAY} 24:00Z')`,
    raw: (run) => `SELECT sum(spread_sum), sum(two_sided) FROM quote_bars_5m WHERE ${inMonth(run)}`,
  },
  {
    title: 'quantiles of the spreads of one stock in a month, by day',
    sql: (run) =>
      `SELECT ts::date, count(*), avg(ask_price - bid_price), percentile_cont(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY ask_price - bid_price)
       FROM quotes WHERE ${inMonth(run)} GROUP BY 1 ORDER BY 1`,
    raw: (run) => `SELECT count(bid_price), sum(ask_price) FROM quotes WHERE ${inMonth(run)}`,
  },
]

forEachEdition('research', ({ name, createDatabase }) => {
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
        const client = await (ready ??= createDatabase().then((url) => prepare(url, QUOTES)))
        const seconds: { ours: number[]; raw: number[] } = { ours: [], raw: [] }
        for (let i = 0; i < RUNS; i++, run++) {
          seconds.raw.push((await timed(() => ask(client, raw(run)))).seconds)
          seconds.ours.push((await timed(() => ask(client, sql(run)))).seconds)
        }
        plan = (await ask(client, `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql(run)}`)).map(([line]) => String(line)).join('\n')
        const ms = (values: number[], share: number) => 1000 * quantile(values, share)
        const rate = (values: number[]) => 1 / quantile(values, 0.5)
        return {
          ours: rate(seconds.ours),
          limit: rate(seconds.raw),
          more: {
            'p50 in ms': ms(seconds.ours, 0.5),
            'p95 in ms': ms(seconds.ours, 0.95),
            'p50 of the limit in ms': ms(seconds.raw, 0.5),
            'p95 of the limit in ms': ms(seconds.raw, 0.95),
          },
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
