/** The tick store with the default batches over the default lanes, against the same rows pre-encoded through one COPY. */

import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'

import { BatchEncoder } from '../../db/write/copy-encode.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { type Batch, createTickStore } from '../../db/write/tick-store.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { measure, quantile, timed } from './harness.ts'
import { batches, contractOf } from './quotes.ts'

const ROWS = 500_000
const BATCH_ROWS = 1000
const LANES = 2
const CHUNK_BYTES = 1 << 16

forEachEdition('the writer', ({ name, createTapeDatabase }) => {
  const source = batches(1, ROWS, BATCH_ROWS)
  const encoded = new BatchEncoder(() => 0).encode(
    1,
    source.flatMap(({ blocks }) => blocks),
    (instrument) => instrument + 1,
  )
  const [table] = encoded.tables
  const rows = Buffer.from(table?.rows.finish() ?? [])
  let url: string | undefined

  measure({
    title: `writer into quotes, batches of ${BATCH_ROWS} over ${LANES} lanes, on ${name}`,
    unit: 'rows/s',
    limit: 'the same rows through one COPY',
    round: async () => {
      url ??= await createTapeDatabase()
      const admin = await connectClient(url)
      await empty(admin)
      const one = await timed(() => pipeline(Readable.from(chunks(rows)), admin.query(copyFrom(table?.copyFrom ?? ''))))
      await empty(admin)
      const { seconds, result: commitMs } = await timed(() => storeAll(url ?? '', source))
      await admin.end()
      return {
        ours: ROWS / seconds,
        limit: ROWS / one.seconds,
        more: { 'commit p50, ms': quantile(commitMs, 0.5), 'commit p99, ms': quantile(commitMs, 0.99) },
      }
    },
  })
})

/** Both start from an empty table and an idle checkpointer. */
async function empty(client: pg.Client): Promise<void> {
  await client.query('TRUNCATE quotes, batches')
  await client.query('CHECKPOINT')
}

async function storeAll(url: string, source: readonly Batch[]): Promise<number[]> {
  const pool = createPool({ url, lanes: LANES, logger: { warn: () => undefined } })
  const store = createTickStore({ pool })
  const commitMs: number[] = []
  let next = 0
  const lane = async () => {
    for (let batch = source[next++]; batch; batch = source[next++]) commitMs.push((await store.store(batch, contractOf)).commitMs)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  await pool.end()
  return commitMs
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}
