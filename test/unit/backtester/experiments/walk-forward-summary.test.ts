import { describe, expect, it } from 'vitest'

import { summariseWalkForward } from '../../../../backtester/experiments/walk-forward-summary.ts'

type Run = Parameters<typeof summariseWalkForward>[0][number]

const run = (runId: number, phase: string, fold: number | undefined, period: number, annualReturn: number | null): Run => ({
  runId,
  phase,
  fold,
  params: { period, short: true },
  metrics: { annualReturn, sharpe: annualReturn === null ? null : annualReturn * 10 },
  status: 'complete',
})

/** Two candidates; the second is chosen in fold 1, the first in fold 2 and 3. As the store lists them: the latest first. */
const RUNS = [
  run(10, 'holdout', undefined, 10, 0.02),
  run(9, 'test', 3, 10, 0.06),
  run(8, 'test', 1, 20, 0.12),
  run(7, 'test', 2, 10, -0.03),
  run(6, 'train', 3, 20, 0.01),
  run(5, 'train', 3, 10, 0.3),
  run(4, 'train', 2, 20, 0.02),
  run(3, 'train', 2, 10, 0.1),
  run(2, 'train', 1, 20, 0.2),
  run(1, 'train', 1, 10, 0.05),
]
const DAYS = new Map([
  [8, [0.1, -0.5]],
  [7, [Number.NaN, 0.2]],
  [9, [0.5]],
])
const OBJECTIVE = { metric: 'sharpe', direction: 'max' } as const
const of = (runs: readonly Run[] = RUNS) => summariseWalkForward(runs, OBJECTIVE, (runId) => DAYS.get(runId) ?? [])

describe('the summary of a walk-forward', () => {
  it('has each test beside the training of the same parameters, by fold', () => {
    expect(of().folds.map(({ fold, params, trainRunId, testRunId }) => [fold, params['period'], trainRunId, testRunId])).toEqual([
      [1, 20, 2, 8],
      [2, 10, 3, 7],
      [3, 10, 5, 9],
    ])
    expect(
      of().folds.map(({ train, test, trainAnnualReturn, testAnnualReturn }) => [train, test, trainAnnualReturn, testAnnualReturn]),
    ).toEqual([
      [2, 1.2, 0.2, 0.12],
      [1, -0.3, 0.1, -0.03],
      [3, 0.6, 0.3, 0.06],
    ])
  })

  it('has the mean of the tests by that of the trainings, and none where the trainings lost', () => {
    expect(of().efficiency).toBeCloseTo((0.12 - 0.03 + 0.06) / (0.2 + 0.1 + 0.3), 12)
    const lost = RUNS.map((one) => (one.phase === 'train' ? { ...one, metrics: { annualReturn: -0.1 } } : one))
    expect(of(lost).efficiency).toBeNaN()
  })

  it('chains the days of all tests in the order of the folds; a day without a return changes nothing and counts', () => {
    const { days, totalReturn, annualReturn, maxDrawdown, sharpe } = of().outOfSample
    expect(days).toBe(5)
    expect(totalReturn).toBeCloseTo(1.1 * 0.5 * 1.2 * 1.5 - 1, 12)
    expect(annualReturn).toBeCloseTo((1.1 * 0.5 * 1.2 * 1.5) ** (252 / 5) - 1, 12)
    expect(maxDrawdown).toBeCloseTo(-0.5, 12)
    const known = [0.1, -0.5, 0.2, 0.5]
    const middle = 0.3 / 4
    const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 3)
    expect(sharpe).toBeCloseTo((middle / deviation) * Math.sqrt(252), 12)
  })

  it('counts how often a choice changed, of what differs between trials alone', () => {
    expect(of().choices).toEqual([{ name: 'period', values: [20, 10, 10], changes: 1 }])
  })

  it('leaves out a test that failed, and what a trial that could not begin says of its parameters', () => {
    const failed: Run = { ...run(11, 'test', 2, 10, null), params: { period: 10 }, metrics: {}, status: 'failed' }
    const { folds, choices, outOfSample } = of([failed, ...RUNS.filter(({ runId }) => runId !== 7)])
    expect(folds.map(({ fold }) => fold)).toEqual([1, 3])
    expect(outOfSample.days).toBe(3)
    expect(choices).toEqual([{ name: 'period', values: [20, 10], changes: 1 }])
  })

  it('names the run on the holdout, and is of nothing before a test has run', () => {
    expect(of().holdout?.runId).toBe(10)
    const { folds, efficiency, outOfSample, holdout } = of(RUNS.filter(({ phase }) => phase === 'train'))
    expect([folds, holdout, outOfSample.days]).toEqual([[], undefined, 0])
    expect([efficiency, outOfSample.totalReturn, outOfSample.sharpe]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })
})
