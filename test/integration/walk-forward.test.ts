/** A walk-forward, a stress test and a perturbation as they are stored: each trial once, the holdout once, and what is shown of them. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { nextTrials } from '../../backtester/experiments/next-trials.ts'
import { openExperiment } from '../../backtester/experiments/open-experiment.ts'
import { type ExperimentPlan, readPlan } from '../../backtester/experiments/plan.ts'
import { readScenario } from '../../backtester/experiments/scenarios.ts'
import { type Trial, trialKey } from '../../backtester/experiments/trial.ts'
import { summariseWalkForward } from '../../backtester/experiments/walk-forward-summary.ts'
import { totalReturn } from '../../backtester/metrics/returns.ts'
import { summarise } from '../../backtester/metrics/summary.ts'
import { runStrategy } from '../../backtester/run/run.ts'
import { readDayReturns } from '../../backtester/store/day-returns.ts'
import { beginExperiment, readExperiment, readOutcomes, storeTrial } from '../../backtester/store/experiments.ts'
import { listRuns } from '../../backtester/store/read-runs.ts'
import { kindReport } from '../../cli/experiment/kind-report.ts'
import { formatExperiment, plainExperiment } from '../../cli/experiment/report.ts'
import { connectClient } from '../../db/pool.ts'
import { migrate } from '../../db/schema/migrate.ts'
import { arbitrageSettings } from '../../market/arbitrage/settings.ts'
import { randomDayBars, writeBarsDataset } from '../support/backtest/bars-dataset.ts'
import { runSettings } from '../support/backtest/run-requests.ts'
import { forEachEdition } from '../support/database/databases.ts'

const bars = randomDayBars({ days: 200 })
const TIME = { fromUs: bars[0]?.startUs ?? 0, toUs: bars.at(-1)?.endUs ?? 0 }
/** 160 days without the holdout: tests from day 82, 102, 122. */
const WALK = { ...TIME, train: 80, test: 20, step: 20, purge: 2, embargo: 2, holdout: 40, warmUp: 10 }

forEachEdition('an experiment in the database', ({ createTapeDatabase }) => {
  let folder: string
  let client: pg.Client
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-walk-'))
    await writeBarsDataset(folder, 'bars', bars)
    client = await connectClient(await createTapeDatabase())
    await migrate(client)
  })
  afterAll(async () => {
    await client.end()
    await rm(folder, { recursive: true })
  })

  const planOf = (name: string, kind: string, given: Partial<ExperimentPlan>) =>
    readPlan({
      name,
      kind,
      strategy: 'z-score',
      cwd: folder,
      input: { kind: 'dataset', dataDir: folder, name: 'bars' },
      arbitrage: arbitrageSettings(),
      settings: runSettings(),
      space: {},
      objective: { metric: 'totalReturn', direction: 'max' },
      ...given,
    })

  /** Runs what is missing, in this thread. Returns how many trials were stored. */
  async function perform(plan: ExperimentPlan): Promise<number> {
    const experiment = await openExperiment(plan, { dataDir: folder, codeVersion: '0.0.0' })
    await beginExperiment(client, experiment)
    const { subject, search, input } = experiment
    const { strategy, cwd, arbitrage } = plan
    const base = { strategy, cwd, arbitrage, input, codeVersion: '0.0.0', startedAt: '2026-01-01T00:00:00Z' }
    for (let stored = 0; ; ) {
      const outcomes = await readOutcomes(client, plan.name)
      const doneOf = (trial: Trial) => {
        const outcome = outcomes.get(trialKey(trial, subject))
        return outcome && { ...outcome, trial }
      }
      const { missing } = nextTrials(experiment.plan, search, doneOf)
      if (missing.length === 0) return stored
      for (const trial of missing) {
        const { params, settings } = trial
        const result = await runStrategy({ ...base, params, settings })
        const report = { result, summary: summarise(result, { intervals: false }), isWhole: false }
        await storeTrial(client, plan.name, trial, { key: trialKey(trial, subject), report })
        stored++
      }
    }
  }

  async function shown(name: string) {
    const experiment = await readExperiment(client, name)
    const runs = await listRuns(client, { experiment: name })
    const own = await kindReport(client, experiment, runs)
    const text = formatExperiment(experiment, runs, own?.text)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    // Trials of different times, or in different conditions, have no best among them.
    expect(plainExperiment(experiment, runs, own === undefined)).toMatchObject(own ? { best: null, spread: null } : {})
    return { runs, text, plain: own?.plain }
  }

  it('trains and tests each fold, runs the holdout once, and a second start runs nothing', async () => {
    const params = { entry: 1, exit: 0.2, short: true }
    const space = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { kind: 'values' as const, values: [value] }]))
    const plan = planOf('walk', 'walk-forward', { space: { ...space, period: { kind: 'values', values: [5, 10] } }, options: WALK })
    expect(await perform(plan)).toBe(3 * 2 + 3 + 1)
    expect(await perform(plan)).toBe(0)
    const { runs, text } = await shown('walk')
    const { rows: phases } = await client.query<{ phase: string; runs: number }>(
      "SELECT phase, runs::int AS runs FROM phase_summary WHERE experiment = 'walk' ORDER BY phase",
    )
    expect(phases).toEqual([
      { phase: 'holdout', runs: 1 },
      { phase: 'test', runs: 3 },
      { phase: 'train', runs: 6 },
    ])
    const { rows: folds } = await client.query<Record<string, number>>(
      `SELECT fold, train_run_id::int AS "trainRunId", test_run_id::int AS "testRunId", train_return AS train, test_return AS test
       FROM walk_forward_comparison WHERE experiment = 'walk' AND train_last_ts < test_first_ts ORDER BY fold`,
    )
    const days = await readDayReturns(client, 'walk', 'test')
    const summary = summariseWalkForward(runs, plan.objective, (runId) => days.get(runId) ?? [])
    expect(summary.folds.map(({ fold, trainRunId, testRunId, train, test }) => ({ fold, trainRunId, testRunId, train, test }))).toEqual(
      folds,
    )
    for (const { fold, train } of summary.folds)
      for (const { metrics } of runs.filter((run) => run.phase === 'train' && run.fold === fold))
        expect(metrics['totalReturn']).toBeLessThanOrEqual(train)
    expect(summary.outOfSample.days).toBe(60)
    const chained = summary.folds.reduce((product, { test }) => product * (1 + test), 1) - 1
    expect(summary.outOfSample.totalReturn).toBeCloseTo(chained, 10)
    expect(totalReturn([...days.values()].flat())).toBeCloseTo(chained, 10)
    expect(summary.holdout?.params).toEqual(summary.folds.at(-1)?.params)
    expect(text).toMatch(/^ +1 2014-05-01 2014-05-29 /m)
    expect(text).toMatch(/^Out of sample, 60 days: return /m)
    expect(text).toMatch(/^period changed in \d of 2 steps\.$/m)
    expect(text).toMatch(/^Holdout, run \d+: totalReturn /m)
  })

  it('shows the scenarios of a stress test by their names, a scenario that cannot run as failed', async () => {
    const scenarios = ['costs:2', 'wide=spread:20bp', 'spread:2', 'spring=from:2014-03-01 to:2014-06-01'].map(readScenario)
    const plan = planOf('hard', 'stress', { options: { params: { period: 10, entry: 1, exit: 0.2 }, scenarios } })
    expect(await perform(plan)).toBe(5)
    const { text, plain } = await shown('hard')
    expect(plain).toMatchObject({
      scenarios: [{ name: 'as it was', status: 'complete' }, {}, {}, { name: 'spread:2', status: 'failed' }, {}],
    })
    expect(text).toMatch(/^wide .*%/m)
    expect(text).toContain('Failures:')
    const outcomes = [...(await readOutcomes(client, 'hard')).values()].filter(({ status }) => status === 'complete')
    expect(new Set(outcomes.map(({ resultHash }) => resultHash)).size).toBe(4)
  })

  it('is not resumed once the file of its strategy is another one, whatever version that says it is', async () => {
    const path = join(folder, 'own.mjs')
    const begin = async (bars: number) => {
      const create = `create: () => ({ onBar: () => ${bars} })`
      await writeFile(path, `export default { name: 'own', version: '1', params: (z) => z.strictObject({}), ${create} }`)
      const plan = planOf('own', 'grid', { strategy: './own.mjs', options: {} })
      await beginExperiment(client, await openExperiment(plan, { dataDir: folder, codeVersion: '0.0.0' }))
    }
    await begin(1)
    await begin(1)
    await expect(begin(2)).rejects.toMatchObject({
      code: 'experiment-strategy',
      message: expect.stringMatching(
        /The file of strategy own, version 1, or one that it imports, has changed since experiment own began/,
      ) as string,
    })
  })

  it('runs the parameters of a run and those around them', async () => {
    const params = { period: 10, entry: 1, exit: 0.2 }
    expect(await perform(planOf('around', 'perturb', { options: { params, by: 0.1, joint: 3, seed: 1 } }))).toBe(10)
    const { runs } = await shown('around')
    expect(runs.filter(({ phase }) => phase === 'base')).toHaveLength(1)
    expect(runs.filter(({ params: one }) => one['period'] === 9 && one['entry'] === 1)).toHaveLength(1)
  })
})
