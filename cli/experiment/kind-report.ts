/** What an experiment of a kind says beside its trials: folds of a walk-forward, scenarios of a stress test. */

import type pg from 'pg'

import { scenarioTrials } from '../../backtester/experiments/stress.ts'
import { trialKey, type TrialOutcome } from '../../backtester/experiments/trial.ts'
import { timedFolds } from '../../backtester/experiments/walk-forward.ts'
import { summariseWalkForward, type WalkForwardSummary } from '../../backtester/experiments/walk-forward-summary.ts'
import { FIGURE_GROUPS, figureText } from '../../backtester/report/figures.ts'
import { readDayReturns } from '../../backtester/store/day-returns.ts'
import { readOutcomes, type StoredExperiment } from '../../backtester/store/experiments.ts'
import type { ListedRun } from '../../backtester/store/read-runs.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { alignColumns, wrapText } from '../../system/text-table.ts'
import { short } from '../report-words.ts'

const WIDTH = 80

/** As text, and as plain data. */
interface KindReport {
  text: string
  plain: Readonly<Record<string, unknown>>
}

/** Undefined for kinds that have nothing of their own. */
export async function kindReport(
  client: pg.ClientBase,
  experiment: StoredExperiment,
  runs: readonly ListedRun[],
): Promise<KindReport | undefined> {
  const { plan } = experiment
  if (plan.kind === 'walk-forward') {
    const days = await readDayReturns(client, plan.name, 'test')
    const { holdout, ...summary } = summariseWalkForward(runs, plan.objective, (runId) => days.get(runId) ?? [])
    const plain = { walkForward: { ...summary, holdoutRunId: holdout?.runId ?? null } }
    return { text: formatWalkForward(plan, { ...summary, holdout }), plain }
  }
  return plan.kind === 'stress' ? stressReport(client, experiment) : undefined
}

const kindOf = (metric: string) => FIGURE_GROUPS.flatMap(({ figures }) => figures).find(({ name }) => name === metric)?.kind ?? 'ratio'

function formatWalkForward(plan: StoredExperiment['plan'], summary: WalkForwardSummary): string {
  const { folds, efficiency, outOfSample, choices, holdout } = summary
  const { metric } = plan.objective
  const times = new Map(timedFolds(plan).map((fold) => [fold.fold, fold.test]))
  const figure = (value: number) => figureText(value, kindOf(metric)).padStart(10)
  const day = (us: number | undefined) => (us === undefined ? '-' : nyse.zone.dateOf(us))
  const rows = folds.map(({ fold, params, train, test }) => {
    const { fromUs, toUs } = times.get(fold) ?? {}
    const chosen = choices.map(({ name }) => `${name}=${JSON.stringify(params[name])}`).join(' ')
    return [String(fold).padStart(4), day(fromUs), day(toUs && toUs - 1), figure(train), figure(test), chosen]
  })
  const part = (value: number | null | undefined) => figureText(value, 'part')
  const { days, totalReturn, annualReturn, sharpe, maxDrawdown } = outOfSample
  const lines = [
    `Efficiency ${part(efficiency)}: mean annual return of the tests by that of their trainings.`,
    `Out of sample, ${days} days: return ${part(totalReturn)}, ${part(annualReturn)} a year, Sharpe ${figureText(sharpe, 'ratio')}, ` +
      `maximum drawdown ${part(maxDrawdown)}.`,
    ...choices.map(({ name, changes }) => `${name} changed in ${changes} of ${Math.max(0, folds.length - 1)} steps.`),
    ...(holdout
      ? [
          `Holdout, run ${holdout.runId}: ${metric} ${figure(holdout.metrics[metric] ?? Number.NaN).trim()}, return ${part(holdout.metrics['totalReturn'])}.`,
        ]
      : []),
  ]
  const table = alignColumns([['fold', 'test from', 'to', 'train'.padStart(10), 'test'.padStart(10), 'chosen'], ...rows], ' ')
  return [...table.split('\n').map((line) => short(line, WIDTH)), '', ...lines.flatMap((line) => wrapText(line, WIDTH))].join('\n')
}

async function stressReport(client: pg.ClientBase, { plan, strategy, datasetHash }: StoredExperiment): Promise<KindReport> {
  const outcomes = await readOutcomes(client, plan.name)
  const scenarios = scenarioTrials(plan).map(({ name, trial }) => ({
    name,
    outcome: outcomes.get(trialKey(trial, { strategy, datasetHash })),
  }))
  const plain = scenarios.map(({ name, outcome }) => ({ name, runId: outcome?.runId ?? null, status: outcome?.status ?? null }))
  return { text: formatScenarios(scenarios, plan.objective.metric), plain: { scenarios: plain } }
}

function formatScenarios(scenarios: readonly { name: string; outcome: TrialOutcome | undefined }[], metric: string): string {
  const rows = scenarios.map(({ name, outcome }) => {
    const figure = outcome?.status === 'failed' ? 'failed' : figureText(outcome?.figures[metric], kindOf(metric))
    return [
      short(name, 32),
      figure.padStart(10),
      figureText(outcome?.figures['totalReturn'], 'part').padStart(9),
      figureText(outcome?.figures['maxDrawdown'], 'part').padStart(8),
      String(outcome?.figures['trades'] ?? '-').padStart(6),
      String(outcome?.runId ?? '-').padStart(6),
    ]
  })
  const titles = ['scenario', short(metric, 10).padStart(10), '   return', 'drawdown', ' trips', '   run']
  return alignColumns([titles, ...rows], ' ')
}
