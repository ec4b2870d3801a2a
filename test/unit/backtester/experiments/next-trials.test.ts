import { describe, expect, it } from 'vitest'

import { nextTrials } from '../../../../backtester/experiments/next-trials.ts'
import { bestOf, type ExperimentPlan, readPlan } from '../../../../backtester/experiments/plan.ts'
import { type DoneTrial, type Trial, trialKey } from '../../../../backtester/experiments/trial.ts'
import { runResult } from '../../../support/backtest/run-result.ts'

const { settings } = runResult()
const subject = { strategy: { name: 'mine', version: '1' }, datasetHash: 'd' }
const candidates = [{ period: 10 }, { period: 20 }, { period: 30 }]
const search = { candidates, allows: () => true }
const plan: ExperimentPlan = {
  name: 'first',
  kind: 'grid',
  strategy: 'mine',
  cwd: '/',
  input: { kind: 'dataset', dataDir: '/data', name: 'spy' },
  arbitrage: {} as ExperimentPlan['arbitrage'],
  settings,
  space: { period: { kind: 'values', values: [10, 20, 30] } },
  objective: { metric: 'sharpe', direction: 'max' },
  options: {},
}
const doneOf = (trial: Trial, sharpe: number | null, status: 'complete' | 'failed' = 'complete'): DoneTrial => ({
  trial,
  runId: 1,
  status,
  figures: { sharpe },
  resultHash: '',
  durationMs: 1,
})

describe('the trials of an experiment', () => {
  it('are those of the plan that have no outcome, until there are none', () => {
    const outcomes = new Map<string, DoneTrial>()
    const next = () => nextTrials(plan, search, (trial) => outcomes.get(trialKey(trial, subject)))
    const { missing, total } = next()
    expect(missing.map(({ params }) => params)).toEqual(candidates)
    expect(total).toBe(3)
    for (const trial of missing.slice(0, 2)) outcomes.set(trialKey(trial, subject), doneOf(trial, 1, 'failed'))
    expect(next().missing).toEqual(missing.slice(2))
    outcomes.set(trialKey(missing[2] as Trial, subject), doneOf(missing[2] as Trial, 1))
    expect(next()).toMatchObject({ missing: [], total: 3 })
    expect(next().done).toHaveLength(3)
  })

  it('have a key that says all that decides them, whatever the order of their parameters', () => {
    const trial: Trial = { phase: 'train', fold: 1, params: { a: 1, b: 2 }, settings }
    const key = trialKey(trial, subject)
    expect(trialKey({ settings, params: { b: 2, a: 1 }, fold: 1, phase: 'train' }, subject)).toBe(key)
    const others: [Trial, typeof subject][] = [
      [{ ...trial, phase: 'test' }, subject],
      [{ ...trial, fold: 2 }, subject],
      [{ ...trial, params: { a: 1, b: 3 } }, subject],
      [{ ...trial, settings: { ...settings, seed: settings.seed + 1 } }, subject],
      [trial, { ...subject, datasetHash: 'e' }],
      [trial, { ...subject, strategy: { name: 'mine', version: '2' } }],
      [trial, { ...subject, strategy: { name: 'other', version: '1' } }],
    ]
    expect(new Set([key, ...others.map(([one, of]) => trialKey(one, of))]).size).toBe(8)
  })

  it('are ranked by the objective, without those that failed or have no such figure', () => {
    const trials = candidates.map((params): Trial => ({ phase: 'search', params, settings }))
    const [one, two, three] = trials as [Trial, Trial, Trial]
    const done = [doneOf(one, null), doneOf(two, 0.5), doneOf(three, 0.7), doneOf(one, 9, 'failed'), doneOf(one, 0.7)]
    expect(bestOf(done, { metric: 'sharpe', direction: 'max' })).toBe(done[2])
    expect(bestOf(done, { metric: 'sharpe', direction: 'min' })).toBe(done[1])
    expect(bestOf(done, { metric: 'other', direction: 'max' })).toBeUndefined()
  })

  it('come from a plan that is checked', () => {
    expect(readPlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
    expect(() => readPlan({ ...plan, objective: { metric: 'sharpe', direction: 'up' }, extra: 1 })).toThrow(/objective.direction.*extra/)
    expect(() => nextTrials({ ...plan, kind: 'guess' }, search, () => undefined)).toThrow(/no kind of experiment "guess".*grid, random/)
  })
})
