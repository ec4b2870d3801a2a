/**
 * The shipped day as the demonstration records it, by processes of their own, with metrics that can be scraped meanwhile; and the same rows
 * in the databases of other editions, without recording it again.
 */

import { pipeline } from 'node:stream/promises'
import { PassThrough, Readable } from 'node:stream'

import { from as copyFrom, to as copyTo } from 'pg-copy-streams'

import { Part } from '../../../backtester/demo/part.ts'
import { SHIPPED_INSTRUMENTS, SHIPPED_SETTINGS, SHIPPED_TAPE } from '../../../cli/package.ts'
import { connectClient } from '../../../db/pool.ts'
import { COMMAND, startGatewayProcess, TICK_BY_TICK_LINES } from '../process/recording.ts'

export interface RecordDayOptions {
  databaseUrl: string
  dataDir: string
  metricsPort: number
}

/** So fast that the day takes ten seconds, and not less: Prometheus must see the figures rise, on a busy machine as well. */
const SPEED = '6000'

/** Records the day; returns when all of it is in the database. */
export async function recordDay({ databaseUrl, dataDir, metricsPort }: RecordDayOptions): Promise<void> {
  const gateway = startGatewayProcess(SHIPPED_TAPE, SHIPPED_INSTRUMENTS + TICK_BY_TICK_LINES, ['--once', '--speed', SPEED])
  let collector: Part | undefined
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    const universe = ['--underlying', 'TWX', '--strikes', 'all', '--expiry-days', '600', '--lines', '200']
    const recording = ['--clock', 'gateway', '--until', 'end-of-tape', '--metrics-port', String(metricsPort), '--log-level', 'warn']
    const args = [
      'collect',
      '--gateway',
      `127.0.0.1:${port}`,
      '--data-dir',
      dataDir,
      '--config',
      SHIPPED_SETTINGS,
      ...recording,
      ...universe,
    ]
    collector = new Part('collector', COMMAND, [...args, '--json'], { ...process.env, DATABASE_URL: databaseUrl })
    await collector.event('summary')
    await collector.succeeded()
    await gateway.succeeded()
  } finally {
    collector?.kill('SIGKILL')
    gateway.kill('SIGKILL')
  }
}

/** Rows of each table that has any, as COPY gives them. */
export type Rows = Map<string, Buffer>

export async function takeRows(databaseUrl: string): Promise<Rows> {
  const client = await connectClient(databaseUrl)
  try {
    const rows: Rows = new Map()
    for (const { name } of (
      await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
      )
    ).rows) {
      const parts: Buffer[] = []
      const sink = new PassThrough().on('data', (part: Buffer) => parts.push(part))
      await pipeline(client.query(copyTo(`COPY (SELECT * FROM public.${name}) TO STDOUT`)), sink)
      if (parts.length > 0) rows.set(name, Buffer.concat(parts))
    }
    return rows
  } finally {
    await client.end()
  }
}

/** Puts the rows into a database of the same schema that has none of them. */
export async function giveRows(databaseUrl: string, rows: Rows): Promise<void> {
  const client = await connectClient(databaseUrl)
  try {
    // The tables come in no order: foreign keys would refuse some of them.
    await client.query('SET session_replication_role = replica')
    for (const [name, content] of rows) {
      const { rows: there } = await client.query(`SELECT FROM public.${name} LIMIT 1`)
      if (there.length === 0) await pipeline(Readable.from([content]), client.query(copyFrom(`COPY public.${name} FROM STDIN`)))
    }
  } finally {
    await client.end()
  }
}

/** What a good day has none of, so that the panels which show it are not empty: a gap of all lines and one of a contract, quarantined ticks; and trades, which the shipped day lacks. */
export const BAD_MINUTES = `
INSERT INTO gaps (session_id, seq, noted_ts, from_ts, to_ts, cause, instrument_id, dropped_ticks)
SELECT session_id, 900000001, started_ts + interval '6 hours', started_ts + interval '5 hours', started_ts + interval '5 hours 90 seconds',
  'connection-lost', NULL::bigint, NULL::bigint FROM sessions
UNION ALL
SELECT session_id, 900000002, started_ts + interval '8 hours', started_ts + interval '7 hours', started_ts + interval '7 hours 5 seconds',
  'dropped: journal-full', NULL, 12 FROM sessions;
INSERT INTO rejected_ticks (ts, session_id, seq, instrument_id, kind, rules, reason, tick)
SELECT q.ts, q.session_id, q.seq, q.instrument_id, 'quote', 'crossed-quote', 'bid 71.02 is above ask 71.01', '{}'
FROM (SELECT * FROM quotes ORDER BY ts, seq LIMIT 3) q;
INSERT INTO trades (ts, session_id, seq, instrument_id, price, size, source)
SELECT q.ts, q.session_id, 900000000 + q.seq, q.instrument_id, q.bid_price, 100, 'tick-by-tick'
FROM quotes q JOIN instruments i USING (instrument_id) WHERE i.kind = 'stock' AND q.source IS NULL AND q.bid_price > 0;`
