/**
 * How long a commit takes while aggregates refresh, chunks are compressed and jobs run without a pause, against the same batches while nothing
 * else happens. INGEST_SECONDS is how long each is measured (30). TimescaleDB Community only.
 */

import { connectClient } from '../../db/pool.ts'
import { keepStorageBusy, makeAggregates, storeSteadily } from '../support/database/busy-storage.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { measure, quantile } from './harness.ts'

const SECONDS = Number(process.env['INGEST_SECONDS'] ?? 30)

forEachEdition('commits', ({ name, createTapeDatabase }) => {
  if (name === EMBEDDED) return
  let url: string | undefined
  let batchNo = 1
  measure({
    title: `commits while aggregates refresh and chunks are compressed, on ${name}`,
    unit: 'commits/s at the 99th percentile',
    limit: 'the same while nothing else happens',
    round: async () => {
      url ??= await createTapeDatabase()
      const client = await connectClient(url)
      const hasBackground = await makeAggregates(client)
      await client.end()
      if (!hasBackground) throw new Error(`${name} does not work in the background: only TimescaleDB Community does`)
      const quiet = await storeSteadily(url, SECONDS, (batchNo += 100_000))
      const busy = new AbortController()
      const working = keepStorageBusy(url, busy.signal)
      const loaded = await storeSteadily(url, SECONDS, (batchNo += 100_000)).finally(() => busy.abort())
      await working
      const [quietMs, loadedMs] = [quantile(quiet.commitMs, 0.99), quantile(loaded.commitMs, 0.99)]
      return {
        ours: 1000 / loadedMs,
        limit: 1000 / quietMs,
        more: { 'quiet p99, ms': quietMs, 'busy p99, ms': loadedMs, 'busy p50, ms': quantile(loaded.commitMs, 0.5) },
      }
    },
  })
})
