/** What a walk-forward says: each fold, its tests chained, how much of the training was left in them, and how steady the choice was. */

import { maxDrawdown } from '../metrics/drawdown.ts'
import { sharpe } from '../metrics/ratios.ts'
import { annualReturn, totalReturn } from '../metrics/returns.ts'
import { known, mean } from '../metrics/series.ts'
import type { ListedRun } from '../store/read-runs.ts'
import { sortedJson } from '../store/run-key.ts'
import type { ExperimentPlan } from './plan.ts'
import type { TrialParams } from './trial.ts'

type Run = Pick<ListedRun, 'runId' | 'phase' | 'fold' | 'params' | 'metrics' | 'status'>

/** What was chosen in training, and the test behind it. NaN is not defined. */
export interface FoldResult {
  fold: number
  params: TrialParams
  trainRunId: number
  testRunId: number
  /** Of the objective. */
  train: number
  test: number
  trainAnnualReturn: number
  testAnnualReturn: number
}

export interface WalkForwardSummary {
  folds: readonly FoldResult[]
  /** Mean annual return of the tests by that of their trainings. NaN where the trainings lost. */
  efficiency: number
  /** The days of all tests, one after the other. */
  outOfSample: { days: number; totalReturn: number; annualReturn: number; sharpe: number; maxDrawdown: number }
  /** Of each parameter what each fold chose, and how often that changed from fold to fold; without those that were the same in all trials. */
  choices: readonly { name: string; values: readonly unknown[]; changes: number }[]
  holdout: Run | undefined
}

/** @param daysOf returns of the trading days of a run */
export function summariseWalkForward(
  runs: readonly Run[],
  { metric }: ExperimentPlan['objective'],
  daysOf: (runId: number) => readonly number[],
): WalkForwardSummary {
  const folds = foldResults(runs, metric)
  const returns = folds.flatMap(({ testRunId }) => daysOf(testRunId))
  const trained = mean(folds.map(({ trainAnnualReturn }) => trainAnnualReturn))
  const tested = mean(folds.map(({ testAnnualReturn }) => testAnnualReturn))
  return {
    folds,
    efficiency: trained > 0 ? tested / trained : Number.NaN,
    outOfSample: {
      days: returns.length,
      totalReturn: totalReturn(returns),
      annualReturn: annualReturn(returns),
      sharpe: sharpe(returns),
      maxDrawdown: maxDrawdown(known(returns)),
    },
    choices: choicesOf(runs, folds),
    holdout: runs.find(({ phase }) => phase === 'holdout'),
  }
}

/** As view walk_forward_comparison: test and training of one fold with the same parameters, both complete. */
function foldResults(runs: readonly Run[], metric: string): FoldResult[] {
  const complete = runs.filter(({ status }) => status === 'complete')
  const keyOf = ({ fold, params }: Run) => `${fold} ${sortedJson(params)}`
  const trainings = new Map(complete.filter(({ phase }) => phase === 'train').map((run) => [keyOf(run), run]))
  const results = complete.flatMap((test): FoldResult[] => {
    const train = test.phase === 'test' ? trainings.get(keyOf(test)) : undefined
    if (!train) return []
    const figure = (run: Run, name: string) => run.metrics[name] ?? Number.NaN
    return [
      {
        fold: test.fold ?? 0,
        params: test.params,
        trainRunId: train.runId,
        testRunId: test.runId,
        train: figure(train, metric),
        test: figure(test, metric),
        trainAnnualReturn: figure(train, 'annualReturn'),
        testAnnualReturn: figure(test, 'annualReturn'),
      },
    ]
  })
  return results.sort((one, other) => one.fold - other.fold)
}

function choicesOf(runs: readonly Run[], folds: readonly FoldResult[]): WalkForwardSummary['choices'] {
  // A trial that could not begin has its parameters without the defaults of the others.
  const complete = runs.filter(({ status }) => status === 'complete')
  const names = [...new Set(complete.flatMap(({ params }) => Object.keys(params)))].sort()
  const isVaried = (name: string) => new Set(complete.map(({ params }) => sortedJson(params[name] ?? null))).size > 1
  return names.filter(isVaried).map((name) => {
    const values = folds.map(({ params }) => params[name])
    const changes = values.filter((value, i) => i > 0 && sortedJson(value) !== sortedJson(values[i - 1])).length
    return { name, values, changes }
  })
}
