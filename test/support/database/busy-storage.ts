/** Batches at a steady rate, and beside them all that TimescaleDB Community does in the background, without a pause. */

import { setTimeout as sleep } from 'node:timers/promises'

import type pg from 'pg'

import { connectClient, createPool } from '../../../db/pool.ts'
import { BAR_AGGREGATES } from '../../../db/schema/storage/bars/index.ts'
import { reconcileStorage } from '../../../db/schema/storage/reconcile.ts'
import { wishedStorage } from '../../../db/schema/storage/wished.ts'
import { hasSqlState } from '../../../db/sqlstates.ts'
import { createTickStore } from '../../../db/write/tick-store.ts'
import { block, contractOf, quote } from '../tape/ticks.ts'

export const BATCH_ROWS = 500
const BATCHES_PER_SECOND = 10
/** One session for each, days apart: while one day is compressed, batches come for it and for others. */
const SESSIONS = 3
const DAY_US = 86_400_000_000

/** Makes the aggregates of bars beside what every database has. Returns false where the server cannot compute them in the background. */
export async function makeAggregates(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    "SELECT FROM pg_extension WHERE extname = 'timescaledb' AND current_setting('timescaledb.license', true) = 'timescale'",
  )
  if (rows.length === 0) return false
  await reconcileStorage(client, { wished: [...wishedStorage(), ...BAR_AGGREGATES] })
  return true
}

/** Returns how often each kind of work was done when it is stopped. */
export async function keepStorageBusy(url: string, signal: AbortSignal): Promise<Record<string, number>> {
  const client = await connectClient(url)
  const counts: Record<string, number> = {}
  const done = (what: string, times: number | null = 1) => (counts[what] = (counts[what] ?? 0) + (times ?? 0))
  try {
    while (!signal.aborted) {
      for (const name of await namesOf(client, 'SELECT view_name FROM timescaledb_information.continuous_aggregates ORDER BY 1')) {
        if (await refreshes(client, name)) done('refreshed')
      }
      for (const chunk of await namesOf(client, "SELECT show_chunks('quotes')::text ORDER BY 1")) {
        await client.query(`SELECT compress_chunk('${chunk}', if_not_compressed => true)`)
        done('compressed')
      }
      for (const job of await namesOf(client, "SELECT job_id::text FROM timescaledb_information.jobs WHERE hypertable_name = 'quotes'")) {
        await client.query(`CALL run_job(${job})`)
        done('jobs run')
      }
    }
    return counts
  } finally {
    await client.end()
  }
}

/** Not while a job of the server computes the same. */
async function refreshes(client: pg.Client, aggregate: string): Promise<boolean> {
  try {
    await client.query(`CALL refresh_continuous_aggregate('${aggregate}', NULL, NULL)`)
    return true
  } catch (error) {
    if (hasSqlState(error, '55P03')) return false
    throw error
  }
}

async function namesOf(client: pg.Client, sql: string): Promise<string[]> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
  return rows.map(([name]) => String(name))
}

export interface Stored {
  batches: number
  /** Of each batch, from the begin of its transaction to the answer to COMMIT. */
  commitMs: number[]
}

/** Stores batches at a steady rate over two lanes, for so many seconds. `firstNo` is the number of the first batch of each session. */
export async function storeSteadily(url: string, seconds: number, firstNo = 1): Promise<Stored> {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  const store = createTickStore({ pool })
  const startedMs = performance.now()
  const commitMs: number[] = []
  const batches = Math.ceil(seconds * BATCHES_PER_SECOND)
  let next = 0
  const lane = async () => {
    for (let i = next++; i < batches; i = next++) {
      await sleep(Math.max(0, startedMs + (i * 1000) / BATCHES_PER_SECOND - performance.now()))
      const sessionId = 1 + (i % SESSIONS)
      const batchNo = firstNo + Math.floor(i / SESSIONS)
      const ticks = Array.from({ length: BATCH_ROWS }, (_, at) => {
        const tick = quote(batchNo * BATCH_ROWS + at)
        return { ...tick, tsUs: tick.tsUs + sessionId * DAY_US }
      })
      commitMs.push((await store.store({ sessionId, batchNo, blocks: [block(ticks)] }, contractOf)).commitMs)
    }
  }
  try {
    await Promise.all([lane(), lane()])
  } finally {
    await pool.end()
  }
  return { batches, commitMs }
}
