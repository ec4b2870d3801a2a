/** Runs in a database, to be listed and compared. */

import { summarise } from '../../../backtester/metrics/summary.ts'
import type { RunResult } from '../../../backtester/run/result.ts'
import { storeRun } from '../../../backtester/store/store-run.ts'
import { connectClient } from '../../../db/pool.ts'
import { migrate } from '../../../db/schema/migrate.ts'

/** Brings the database to this version, and stores them in their order. Returns their numbers. */
export async function storeRuns(url: string, runs: readonly RunResult[]): Promise<number[]> {
  const client = await connectClient(url)
  try {
    await migrate(client)
    const ids: number[] = []
    for (const run of runs) ids.push((await storeRun(client, run, summarise(run, { intervals: false }))).runId)
    return ids
  } finally {
    await client.end()
  }
}
