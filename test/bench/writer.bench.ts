/**
 * The tick store with the default batches over the default lanes, against the same rows pre-encoded through one COPY into the same table: on
 * TimescaleDB a hypertable, in its Community edition one with its columnstore and policies on, as the figure beside it shows.
 */

import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'

import { configSchema } from '../../config/schema.ts'
import { BatchEncoder } from '../../db/write/copy-encode.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { type Batch, createTickStore } from '../../db/write/tick-store.ts'
import { applyStorage } from '../../db/schema/storage/apply.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { measure, quantile, timed } from './harness.ts'
import { batches, contractOf } from './quotes.ts'

const ROWS = 500_000
const { batchRows, lanes } = configSchema.shape.database.parse(undefined)
const CHUNK_BYTES = 1 << 16

forEachEdition('the writer', ({ name, createTapeDatabase }) => {
  const source = batches(1, ROWS, batchRows)
  const encoded = new BatchEncoder(() => 0).encode(
    1,
    source.flatMap(({ blocks }) => blocks),
    (instrument) => instrument + 1,
  )
  const [table] = encoded.tables
  const rows = Buffer.from(table?.rows.finish() ?? [])
  let url: string | undefined

  measure({
    title: `writer into quotes, batches of ${batchRows} over ${lanes} lanes, on ${name}`,
    unit: 'rows/s',
    limit: 'the same rows through one COPY',
    round: async () => {
      url ??= await createTapeDatabase()
      const admin = await connectClient(url)
      await applyStorage(admin)
      await empty(admin)
      const one = await timed(() => pipeline(Readable.from(chunks(rows)), admin.query(copyFrom(table?.copyFrom ?? ''))))
      await empty(admin)
      const policies = await policiesOn(admin)
      const { seconds, result: commitMs } = await timed(() => storeAll(url ?? '', source))
      await admin.end()
      return {
        ours: ROWS / seconds,
        limit: ROWS / one.seconds,
        more: { 'commit p50, ms': quantile(commitMs, 0.5), 'commit p99, ms': quantile(commitMs, 0.99), 'policies on the table': policies },
      }
    },
  })
})

async function policiesOn(client: pg.Client): Promise<number> {
  const { rows: views } = await client.query("SELECT FROM pg_extension WHERE extname = 'timescaledb'")
  if (views.length === 0) return 0
  const { rows } = await client.query<{ jobs: number }>(
    "SELECT count(*)::int AS jobs FROM timescaledb_information.jobs WHERE hypertable_name = 'quotes'",
  )
  return rows[0]?.jobs ?? 0
}

/** Both start from an empty table and an idle checkpointer. */
async function empty(client: pg.Client): Promise<void> {
  await client.query('TRUNCATE quotes, batches')
  await client.query('CHECKPOINT')
}

async function storeAll(url: string, source: readonly Batch[]): Promise<number[]> {
  const pool = createPool({ url, lanes, logger: { warn: () => undefined } })
  const store = createTickStore({ pool })
  const commitMs: number[] = []
  let next = 0
  const lane = async () => {
    for (let batch = source[next++]; batch; batch = source[next++]) commitMs.push((await store.store(batch, contractOf)).commitMs)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  await pool.end()
  return commitMs
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}
