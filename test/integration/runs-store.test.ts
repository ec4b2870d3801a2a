import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { sharpe } from '../../backtester/metrics/ratios.ts'
import { summarise } from '../../backtester/metrics/summary.ts'
import type { RunResult } from '../../backtester/run/result.ts'
import { deleteRuns, listRuns, readRun } from '../../backtester/store/read-runs.ts'
import type { RunPlace } from '../../backtester/store/run-key.ts'
import { storeRun } from '../../backtester/store/store-run.ts'
import { applyRoles, roleNames } from '../../db/operate/roles.ts'
import { connectClient } from '../../db/pool.ts'
import { WriteError } from '../../market/errors.ts'
import { busyRun, fill } from '../support/backtest/run-result.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { seeded } from '../support/random.ts'

const TABLES = ['runs', 'artifacts', 'events', 'orders', 'fills', 'equity', 'run_days', 'datasets', 'strategies']
const short = (given: Parameters<typeof busyRun>[0] = {}) => busyRun({ days: 30, ...given })

forEachEdition('runs in the database', ({ createTapeDatabase }) => {
  let url: string
  let client: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    client = await connectClient(url)
  })
  afterAll(() => client.end())
  beforeEach(async () => {
    await client.query('DELETE FROM runs; DELETE FROM datasets; DELETE FROM strategies')
  })

  const store = (result: RunResult, place: RunPlace = {}) => storeRun(client, result, summarise(result, { intervals: false }), place)
  const count = async (table: string) => (await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n
  const one = async (sql: string, values: unknown[] = []) => (await client.query<Record<string, unknown>>(sql, values)).rows[0]

  it('come back as they were', async () => {
    const benchmark = [
      { date: '2014-01-02', value: 100.25 },
      { date: '2014-01-03', value: 101 },
      { date: '2014-01-06', value: 99.5 },
    ]
    const run = short({ params: { fast: 3, label: 'a\tb\\c\nd', deep: { list: [1, 2] } }, benchmark })
    const { runId } = await store(run)
    expect(await readRun(client, runId)).toEqual(run)
    expect(await readRun(client, runId + 1)).toBeUndefined()
    const [listed] = await listRuns(client, { ids: [runId] })
    const { figures } = summarise(run, { intervals: false })
    expect(listed?.metrics).toEqual(
      Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number.isNaN(value) ? null : value])),
    )
    expect(listed).toMatchObject({
      runId,
      strategy: 'sma-cross',
      dataset: 'years',
      phase: 'single',
      resultHash: run.hash,
      codeVersion: '0.1.0',
    })
    expect(await one('SELECT seeds, config FROM runs')).toMatchObject({ seeds: { run: 7 }, config: { cash: 100_000, currency: 'USD' } })
    expect(await one('SELECT sum(commission)::text AS commission FROM fills')).toEqual({ commission: String(run.costs.commission) })
  })

  it('are stored once, and again where result, parameters or place differ', async () => {
    const first = await store(short())
    expect(await store(short())).toEqual({ ...first, isNew: false })
    expect(await count('fills')).toBe(short().fills.length)
    expect((await store(short({ params: { period: 16 } }))).isNew).toBe(true)
    expect((await store(short({ seed: 2 }))).isNew).toBe(true)
    expect((await store(short(), { experiment: 'grid', phase: 'train', fold: 0 })).isNew).toBe(true)
    expect([await count('runs'), await count('datasets'), await count('strategies')]).toEqual([4, 1, 1])
  })

  it('are stored once when two programs store them at the same time', async () => {
    const other = await connectClient(url)
    const summary = summarise(short(), { intervals: false })
    const stored = await Promise.all([client, other].map((one) => storeRun(one, short(), summary)))
    await other.end()
    expect(new Set(stored.map(({ runId }) => runId)).size).toBe(1)
    expect(stored.filter(({ isNew }) => isNew)).toHaveLength(1)
  })

  it('that failed keep their error, what they did until then, and orders that were none', async () => {
    const request = {
      type: 'limit',
      limit: Number.NaN,
      instrument: 99,
      side: 'up',
      quantity: 0.5,
    } as unknown as RunResult['orders'][number]['request']
    const failed = short({
      status: 'failed',
      error: { code: 'strategy-threw', message: 'sma-cross threw: boom\0' },
      dataset: undefined,
      orders: [{ id: 1, request, givenUs: 1e15, status: 'rejected', filled: 0, reason: 'expected side buy or sell, found up' }],
      fills: [],
    })
    const { runId } = await store(failed)
    expect((await readRun(client, runId))?.error).toEqual({ code: 'strategy-threw', message: 'sma-cross threw: boom\u2400' })
    expect(await one('SELECT r.status, error_code, side, quantity, reason FROM runs r JOIN orders USING (run_id)')).toEqual({
      status: 'failed',
      error_code: 'strategy-threw',
      side: null,
      quantity: null,
      reason: 'expected side buy or sell, found up',
    })
    expect((await store(failed)).isNew).toBe(false)
    expect(await listRuns(client, { status: 'complete' })).toEqual([])
    expect(await listRuns(client, { status: 'failed', strategy: 'sma-cross' })).toHaveLength(1)
  })

  it('are stored whole or not at all', async () => {
    const bad = short({ fills: [...short().fills, fill({ orderId: 4711, side: 'buy', quantity: 1, price: 1, tsUs: 1e15 })] })
    await expect(store(bad)).rejects.toThrow(WriteError)
    await expect(store(bad)).rejects.toThrow(/did not take the run: .*fills/)
    for (const table of TABLES) expect(await count(table), table).toBe(0)
  })

  it('go with all that belongs to them', async () => {
    const artifact = { kind: 'source', name: 'mine.ts', mediaType: 'text/plain', content: Buffer.from('one\0two') } as const
    const { runId } = await storeRun(client, short(), summarise(short(), { intervals: false }), { artifacts: [artifact] })
    expect(await one('SELECT kind::text, content FROM artifacts')).toEqual({ kind: 'source', content: artifact.content })
    for (const table of TABLES) expect(await count(table), table).toBeGreaterThan(0)
    expect(await deleteRuns(client, [runId, runId + 1])).toEqual([runId])
    for (const table of TABLES.slice(0, 7)) expect(await count(table), table).toBe(0)
  })

  it('have a Sharpe ratio in SQL that agrees with ours to 1e-12', async () => {
    const random = seeded(5)
    const series = (length: number) => Array.from({ length }, () => (random() - 0.48) * 0.03)
    const flat = [0.01, 0.01, 0.01]
    const cases = [
      series(2),
      series(20),
      series(1000),
      [...series(5), Number.NaN, ...series(5)],
      flat,
      flat.map(() => 0),
      flat.map(() => -0.02),
      [0.1],
      [],
    ]
    for (const returns of cases)
      for (const [riskFree, periods] of [
        [0, 252],
        [0.0001, 12],
      ] as const) {
        const row = await one('SELECT calculate_sharpe_ratio($1::float8[], $2, $3) AS sharpe', [returns, riskFree, periods])
        const ours = sharpe(returns, { riskFree, periods })
        if (Number.isNaN(ours)) expect(row?.['sharpe'], `${returns.length}`).toBeNull()
        else if (Number.isFinite(ours)) expect(Math.abs((Number(row?.['sharpe']) - ours) / ours)).toBeLessThan(1e-12)
        else expect(row?.['sharpe']).toBe(ours)
      }
    const { runId } = await store(short())
    const stored = await one('SELECT calculate_sharpe_ratio($1::bigint) AS sharpe', [runId])
    const { figures } = summarise(short(), { intervals: false })
    expect(Math.abs(Number(stored?.['sharpe']) / (figures['sharpe'] ?? 0) - 1)).toBeLessThan(1e-12)
  })

  it('are compared by views: the best of a phase, walk-forward, phases', async () => {
    const place = (phase: string, fold: number) => ({ experiment: 'walk', phase, fold })
    const ids: number[] = []
    for (const fold of [0, 1])
      for (const [phase, seed] of [
        ['train', 10 + fold],
        ['test', 20 + fold],
      ] as const)
        ids.push((await store(short({ seed, params: { fold } }), place(phase, fold))).runId)
    await store(short({ seed: 3, params: { fold: 9 }, status: 'failed', error: { code: 'x', message: 'x' } }), place('train', 2))
    const sharpes = new Map((await listRuns(client)).map(({ runId, metrics }) => [runId, metrics['sharpe']]))
    const { rows: best } = await client.query<{ phase: string; rank: string; run_id: string; sharpe: number }>(
      'SELECT phase, rank, run_id, sharpe FROM best_configurations ORDER BY phase, rank',
    )
    expect(best.map(({ phase, rank }) => `${phase} ${rank}`)).toEqual(['test 1', 'test 2', 'train 1', 'train 2'])
    expect(best[0]?.sharpe).toBeGreaterThan(best[1]?.sharpe ?? Number.NaN)
    const { rows: walk } = await client.query(
      'SELECT fold, train_run_id, test_run_id, train_sharpe, test_sharpe FROM walk_forward_comparison ORDER BY fold',
    )
    expect(walk).toEqual(
      [0, 1].map((fold) => {
        const [train = 0, test = 0] = ids.slice(2 * fold)
        return {
          fold,
          train_run_id: String(train),
          test_run_id: String(test),
          train_sharpe: sharpes.get(train),
          test_sharpe: sharpes.get(test),
        }
      }),
    )
    const { rows: phases } = await client.query('SELECT phase, runs, failed FROM phase_summary ORDER BY phase')
    expect(phases).toEqual([
      { phase: 'test', runs: '2', failed: '0' },
      { phase: 'train', runs: '3', failed: '1' },
    ])
    const performance = await one(
      'SELECT net_profit, end_equity - start_cash AS profit, strategy FROM portfolio_performance WHERE run_id = $1',
      [ids[0]],
    )
    expect(performance?.['net_profit']).toBe(performance?.['profit'])
  })

  it('are found by a part of their parameters, with the help of an index', async () => {
    for (const period of [1, 2, 3]) await store(short({ params: { period, deep: { a: 1 } } }))
    expect((await client.query(`SELECT FROM runs WHERE params @> '{"period": 2}'`)).rowCount).toBe(1)
    await client.query('BEGIN; SET LOCAL enable_seqscan = off')
    const { rows } = await client.query<Record<string, string>>(`EXPLAIN SELECT FROM runs WHERE params @> '{"period": 2}'`)
    await client.query('ROLLBACK')
    expect(JSON.stringify(rows)).toContain('runs_params')
  })

  it('explain every column to those who look at the database', async () => {
    const { rows } = await client.query(
      `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1) AND col_description(c.oid, a.attnum) IS NULL`,
      [TABLES],
    )
    expect(rows).toEqual([])
  })

  describe('and roles', () => {
    const names = roleNames(`runs${Math.trunc(performance.timeOrigin % 1e9).toString(36)}`)
    afterAll(async () => {
      for (const role of Object.values(names))
        await client.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })

    it('let a writer store and delete, and a reader only read', async () => {
      await applyRoles(client, names)
      const writer = await connectClient(url)
      await writer.query(`SET SESSION AUTHORIZATION ${names.writer}`)
      const { runId } = await storeRun(writer, short(), summarise(short(), { intervals: false }))
      await expect(writer.query('UPDATE runs SET status = status')).rejects.toThrow(/permission denied/)
      await expect(writer.query('DELETE FROM fills')).rejects.toThrow(/permission denied/)
      await writer.query(`SET SESSION AUTHORIZATION ${names.reader}`)
      expect(await readRun(writer, runId)).toEqual(short())
      for (const view of ['best_configurations', 'portfolio_performance', 'walk_forward_comparison', 'phase_summary'])
        await writer.query(`SELECT * FROM ${view}`)
      expect((await writer.query('SELECT calculate_sharpe_ratio($1::bigint)', [runId])).rowCount).toBe(1)
      await expect(deleteRuns(writer, [runId])).rejects.toThrow(/permission denied/)
      await writer.query(`SET SESSION AUTHORIZATION ${names.writer}`)
      expect(await deleteRuns(writer, [runId])).toEqual([runId])
      await writer.end()
    })
  })
})
