/** Trials of one experiment that end at the same time, and are stored over one connection. */

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Trial } from '../../backtester/experiments/trial.ts'
import { trialStore } from '../../backtester/store/experiments.ts'
import { storeRun } from '../../backtester/store/store-run.ts'
import { summarise } from '../../backtester/metrics/summary.ts'
import { connectClient } from '../../db/pool.ts'
import { migrate } from '../../db/schema/migrate.ts'
import { busyRun, runResult } from '../support/backtest/run-result.ts'
import { forEachEdition } from '../support/database/databases.ts'

const TRIALS = 6

forEachEdition('the store of trials', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
    await migrate(client)
  })
  afterAll(() => client.end())

  it('keeps each of them whole, whatever becomes of the others', async () => {
    const run = busyRun({ days: 40 })
    const trials = Array.from({ length: TRIALS }, (_, n): Trial => ({ phase: 'search', params: { n }, settings: run.settings }))
    const store = trialStore(client, 'busy')
    const stored = trials.map((trial, n) => {
      // The table refuses an error without a code.
      const result = n % 2 === 0 ? { ...run, params: trial.params } : { ...run, status: 'failed' as const, error: undefined }
      return store.store(trial, `key ${n}`, { result, summary: summarise(run, { intervals: false }), isWhole: true })
    })
    const outcomes = await Promise.allSettled(stored)
    expect(outcomes.map(({ status }) => status)).toEqual(trials.map((_, n) => (n % 2 === 0 ? 'fulfilled' : 'rejected')))
    const { rows } = await client.query<{ n: number; days: number; orders: number }>(
      `SELECT (params->>'n')::int AS n, (SELECT count(*)::int FROM run_days d WHERE d.run_id = r.run_id) AS days,
         (SELECT count(*)::int FROM orders o WHERE o.run_id = r.run_id) AS orders FROM runs r WHERE experiment = 'busy' ORDER BY 1`,
    )
    const days = summarise(run, { intervals: false }).days.length
    expect(rows).toEqual(trials.flatMap((_, n) => (n % 2 === 0 ? [{ n, days, orders: run.orders.length }] : [])))
    expect(days * run.orders.length).toBeGreaterThan(0)
  })

  it('reads what others have stored since it last looked, and no outcome twice', async () => {
    const run = runResult()
    const summary = summarise(run, { intervals: false })
    const storeAs = async (trialKey: string) =>
      storeRun(client, { ...run, params: { trialKey } }, summary, { experiment: 'shared', trialKey })
    const store = trialStore(client, 'shared')
    const keys = async () => [...(await store.outcomes()).keys()].sort()
    const durations = async () => [...(await store.outcomes()).values()].map(({ durationMs }) => durationMs)
    await storeAs('a')
    await storeAs('b')
    expect(await keys()).toEqual(['a', 'b'])
    // What was read is not read again.
    const before = await durations()
    await client.query("UPDATE runs SET duration_ms = duration_ms + 1 WHERE experiment = 'shared'")
    const { runId } = await storeAs('c')
    expect(await keys()).toEqual(['a', 'b', 'c'])
    expect((await durations()).slice(0, 2)).toEqual(before)
    // Of two that are stored at once the one with the lower number can be seen later.
    await client.query("UPDATE runs SET trial_key = 'late', run_key = 'late' WHERE run_id = $1", [runId])
    await storeAs('c')
    expect(await keys()).toEqual(['a', 'b', 'c', 'late'])
    await client.query("DELETE FROM runs WHERE trial_key = 'a'")
    expect(await keys()).toEqual(['b', 'c', 'late'])
  })
})
