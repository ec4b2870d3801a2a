/** Batches while aggregates refresh, chunks are compressed and jobs run. INGEST_SECONDS is how long (3). test/bench/busy.bench.ts measures it. */

import { expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { missingRows } from '../../db/read/queries/missing-rows.ts'
import { BATCH_ROWS, keepStorageBusy, makeAggregates, storeSteadily } from '../support/database/busy-storage.ts'
import { forEachEdition } from '../support/database/databases.ts'

const SECONDS = Number(process.env['INGEST_SECONDS'] ?? 3)

forEachEdition('what is recorded', ({ createTapeDatabase }) => {
  it(
    'is whole and each tick is there once, although aggregates refresh, chunks are compressed and jobs run meanwhile',
    async ({ skip, onTestFinished }) => {
      const url = await createTapeDatabase()
      const client = await connectClient(url)
      onTestFinished(() => client.end())
      skip(!(await makeAggregates(client)), 'only TimescaleDB Community works in the background')
      const busy = new AbortController()
      const [work, stored] = await Promise.all([keepStorageBusy(url, busy.signal), storeSteadily(url, SECONDS).finally(() => busy.abort())])

      expect(work).toEqual({ refreshed: expect.any(Number), compressed: expect.any(Number), 'jobs run': expect.any(Number) })
      const { rows } = await client.query('SELECT count(*)::int AS rows, count(DISTINCT (session_id, seq))::int AS seqs FROM quotes')
      expect(rows).toEqual([{ rows: stored.batches * BATCH_ROWS, seqs: stored.batches * BATCH_ROWS }])
      expect(await missingRows(client)).toEqual([])
      console.log(`${stored.batches} batches, beside ${JSON.stringify(work)}`)
    },
    60_000 + SECONDS * 20_000,
  )
})
