/**
 * kill -9 of the process that makes a table of many rows a hypertable, at seeded instants, while batches are written and the table is read:
 * at every moment all rows are there, and in the end each is there once and as it was.
 *
 * Here 200,000 rows and four kills. `npm run chaos` has the long form, with 20 million rows and 20 kills; ROWS, KILLS
 * and SEED say otherwise.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'

import { connectClient, createPool } from '../../db/pool.ts'
import { missingRows } from '../../db/read/queries/missing-rows.ts'
import { migrate } from '../../db/schema/migrate.ts'
import type { MoveProgress } from '../../db/schema/storage/move/progress.ts'
import { createTickStore } from '../../db/write/tick-store.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { parsed, type Place, placeForTest, type Run } from '../support/process/command.ts'
import { compile } from '../support/process/compiled.ts'
import { seeded } from '../support/random.ts'
import { block, contractOf, quotes } from '../support/tape/ticks.ts'

const IS_LONG = process.env['npm_lifecycle_event'] === 'chaos'
const ROWS = Number(process.env['ROWS'] ?? (IS_LONG ? 20_000_000 : 200_000))
const KILLS = Number(process.env['KILLS'] ?? (IS_LONG ? 20 : 4))
const SEED = Number(process.env['SEED'] ?? 1)
const BATCH_ROWS = 100
const DAY_MS = 86_400_000
/** So many windows in all, whatever the number of rows: each kill finds one more of them. */
const WINDOWS = 4 * (KILLS + 1)

const MOVER = `
import { connectClient } from './db/pool.js'
import { moveTable } from './db/schema/storage/move/move-table.js'
const [url, windowBlocks] = process.argv.slice(2)
const client = await connectClient(url)
const onProgress = (progress) => process.stdout.write(JSON.stringify(progress) + '\\n')
await moveTable(client, { table: 'quotes', chunkInterval: '1 day', extensionSchema: 'public', windowBlocks: Number(windowBlocks), onProgress })
await client.end()
`

forEachEdition('a table that becomes a hypertable', ({ createDatabase }) => {
  it(
    `keeps every row, each once and as it was, when its mover is killed ${KILLS} times while others write and read`,
    async ({ skip }) => {
      const url = await createDatabase()
      const client = await connectClient(url)
      onTestFinished(() => client.end())
      const { rows: offered } = await client.query("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
      skip(offered.length === 0, 'this server has no hypertables')
      await migrate(client)
      await client.query('CREATE EXTENSION timescaledb SCHEMA public')
      await fill(client, ROWS)
      const before = await contentOf(client)

      const place = await placeForTest()
      await compile(place.folder, ['db/pool.ts', 'db/schema/storage/move/move-table.ts'])
      await writeFile(join(place.folder, 'mover.js'), MOVER)
      const others = await writeAndRead(url)
      const struck = await moveThroughKills(place, url, await windowBlocks(client), seeded(SEED))
      const batches = await others.stop()

      expect(await contentOf(client)).toEqual(before)
      expect(await missingRows(client)).toEqual([])
      const { rows } = await client.query('SELECT count(*)::int AS rows, count(DISTINCT seq)::int AS seqs FROM quotes WHERE session_id = 2')
      expect(rows).toEqual([{ rows: batches * BATCH_ROWS, seqs: batches * BATCH_ROWS }])
      const { rows: left } = await client.query("SELECT FROM pg_namespace WHERE nspname LIKE 'tapedeck_mov%'")
      expect(left).toEqual([])
      console.log(
        `seed ${SEED}: ${ROWS} rows whole, ${batches} batches and ${others.looks()} looks meanwhile; killed at ${struck.join(', ')}`,
      )
    },
    DAY_MS,
  )
})

/** Rows of three weeks, of one session. */
async function fill(client: pg.Client, rows: number): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; sql: string }>(
    "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'quotes'",
  )
  // Made afterwards, they take less time.
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
  await client.query(
    `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price, bid_size, ask_size)
     SELECT timestamptz '2014-06-05 13:30Z' + i * (interval '21 days' / ${rows}), 1, i, i % 500, 30 + (i % 1000) / 100.0, NULLIF(i % 1000, 7) / 100.0, i % 50, i % 60
     FROM generate_series(1, ${rows}) AS i`,
  )
  for (const { sql } of indexes) await client.query(sql)
  await client.query('ANALYZE quotes')
}

async function contentOf(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query<{ rows: number; content: string }>(
    `SELECT count(*)::int AS rows, sum(hash_record_extended(ROW(q.*), 0))::text AS content FROM quotes q WHERE session_id = 1`,
  )
  expect(rows[0]?.rows).toBe(ROWS)
  return rows[0]
}

async function windowBlocks(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ blocks: number }>(
    "SELECT (pg_relation_size('quotes') / current_setting('block_size')::int)::int AS blocks",
  )
  return Math.ceil((rows[0]?.blocks ?? 0) / WINDOWS)
}

/** Kills the mover at seeded instants of every phase and lets the last one end. Returns in which phases it was killed. */
async function moveThroughKills(place: Place, url: string, blocks: number, random: () => number): Promise<string[]> {
  const struck: string[] = []
  let finished = false
  const start = () => place.start([process.execPath, join(place.folder, 'mover.js'), url, String(blocks)])
  const saidOf = (run: Run) =>
    (run.stdout.includes('\n') ? parsed(run.stdout.slice(0, run.stdout.lastIndexOf('\n'))) : []) as unknown as MoveProgress[]
  for (let kill = 0; kill < KILLS; kill++) {
    const run = start()
    // Once before it has begun, once while both tables are compared, and elsewhere behind a window or two.
    const wanted = kill === 0 ? undefined : kill === KILLS - 1 ? 'compare' : 'copy'
    const windows = 1 + Math.floor(random() * 2)
    // However long that takes: millions of rows are copied in between.
    const arrived = () => wanted === undefined || isAt(saidOf(run), wanted, windows) || run.child.exitCode !== null
    while (!arrived()) await sleep(5)
    await sleep(random() * (wanted === undefined ? 1000 : 300))
    run.child.kill('SIGKILL')
    await run.ended
    const last = saidOf(run).at(-1)
    struck.push(last ? `${last.phase} ${last.rows}` : 'start')
    if (last?.phase === 'done') finished = true
    if (finished) break
  }
  if (!finished) expect(await start().ended).toMatchObject({ code: 0, stderr: '' })
  return struck
}

function isAt(said: readonly MoveProgress[], wanted: MoveProgress['phase'], windows: number): boolean {
  const times = said.filter(({ phase }) => phase === wanted).length
  return times >= (wanted === 'copy' ? windows : 1)
}

/** Writes batches and reads their rows, without a pause, until it is stopped. */
async function writeAndRead(url: string): Promise<{ stop: () => Promise<number>; looks: () => number }> {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  const reader = await connectClient(url)
  const store = createTickStore({ pool })
  let [batchNo, looks] = [0, 0]
  const stopping = new AbortController()
  const { signal } = stopping
  const writing = async () => {
    for (; !signal.aborted; await sleep(20)) {
      const next = ++batchNo
      await store.store({ sessionId: 2, batchNo: next, blocks: [block(quotes(next * BATCH_ROWS, BATCH_ROWS))] }, contractOf)
    }
  }
  const reading = async () => {
    for (; !signal.aborted; looks++) {
      const { rows } = await reader.query<{ rows: number; marked: number }>(
        `SELECT (SELECT count(*) FROM quotes WHERE session_id = 2)::int AS rows, coalesce(sum(accepted_ticks), 0)::int AS marked FROM batches`,
      )
      expect(rows[0]?.rows).toBe(rows[0]?.marked)
      const { rows: first } = await reader.query<{ rows: number }>(
        "SELECT count(*)::int AS rows FROM quotes WHERE session_id = 1 AND ts < timestamptz '2014-06-05 13:30Z' + interval '1 hour'",
      )
      expect(first[0]?.rows).toBe(Math.ceil(ROWS / (21 * 24)) - 1)
      await sleep(50)
    }
  }
  const both = Promise.all([writing(), writing(), reading()])
  both.catch(() => stopping.abort())
  return {
    looks: () => looks,
    stop: async () => {
      stopping.abort()
      try {
        await both
      } finally {
        await pool.end()
        await reader.end()
      }
      return batchNo
    },
  }
}
