/** An experiment as text of at most 80 columns, and as plain data. */

import { bestFirst, type ExperimentPlan } from '../../backtester/experiments/plan.ts'
import { expectedBestSharpe, probabilisticSharpe } from '../../backtester/metrics/deflated-sharpe.ts'
import { deviation, PERIODS, quantile } from '../../backtester/metrics/series.ts'
import { FIGURE_GROUPS, figureText } from '../../backtester/report/figures.ts'
import type { StoredExperiment } from '../../backtester/store/experiments.ts'
import type { ListedRun } from '../../backtester/store/read-runs.ts'
import { alignColumns, wrapText } from '../../system/text-table.ts'
import { counted, short } from '../report-words.ts'

const WIDTH = 80
const SHOWN_TRIALS = 10
const SHOWN_FAILURES = 5

export function formatExperiments(found: readonly StoredExperiment[]): string {
  if (found.length === 0) return 'No experiments are stored. `tapedeck experiment grid` begins one.'
  const rows = found.map(({ plan, strategy, dataset, createdAt, done, failed }) => [
    short(plan.name, 20),
    plan.kind,
    short(strategy.name, 14),
    short(dataset, 14),
    createdAt.slice(0, 10),
    done,
    failed,
  ])
  return alignColumns([['name', 'kind', 'strategy', 'dataset', 'began', 'trials', 'failed'], ...rows], ' ')
}

/** @param own what the kind of the experiment shows in place of the best trials */
export function formatExperiment(
  { plan, strategy, dataset, createdAt, done, failed }: StoredExperiment,
  runs: readonly ListedRun[],
  own?: string,
): string {
  const { metric, direction } = plan.objective
  const ranked = rankedOf(runs, plan.objective)
  const head = [
    ['Experiment', `${plan.name}, ${plan.kind}, begun ${createdAt}`],
    ['Strategy', `${strategy.name} ${strategy.version}`],
    ['Dataset', short(dataset, WIDTH - 12)],
    ['Trials', `${counted(done, 'trial')} stored, ${failed} of them failed`],
    ['Objective', `${metric}, the ${direction === 'max' ? 'highest' : 'least'} first`],
  ]
  return [alignColumns(head), '', ...(own === undefined ? bestLines(ranked, runs, plan) : [own]), ...failureLines(runs)].join('\n')
}

function bestLines(ranked: readonly ListedRun[], runs: readonly ListedRun[], plan: ExperimentPlan): string[] {
  const { metric } = plan.objective
  if (ranked.length === 0) return wrapText(NO_FIGURE, WIDTH)
  const held = runs.find(({ phase }) => phase === 'holdout')
  const text = (name: string) => figureText(held?.metrics[name], kindOf(name))
  const holdout = held ? [`Holdout, run ${held.runId}: ${metric} ${text(metric)}, return ${text('totalReturn')}.`] : []
  const best = [trialTable(ranked.slice(0, SHOWN_TRIALS), plan), '', spreadText(ranked, metric)]
  return [...best, ...wrapText(beliefText(ranked, metric), WIDTH), ...holdout]
}

const NO_FIGURE = 'No trial has this figure. Ratios need two trading days or more: name another, as --objective netProfit.'

/** Equal ones in an order that does not depend on which ended first. */
function rankedOf(runs: readonly ListedRun[], objective: ExperimentPlan['objective']): ListedRun[] {
  // What ran on the holdout is none of those that were searched.
  const searched = runs.filter(({ phase }) => phase !== 'holdout')
  const keyed = searched.map((run) => ({ run, key: `${run.phase} ${run.fold ?? ''} ${paramsText(run.params)}` }))
  const inOrder = keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ run }) => run)
  return bestFirst(inOrder, objective, ({ metrics }) => metrics)
}

function trialTable(runs: readonly ListedRun[], { objective: { metric }, space, options }: ExperimentPlan): string {
  const kind = kindOf(metric)
  const varied = Object.keys(space).filter((name) => space[name]?.kind === 'range' || (space[name]?.values.length ?? 0) > 1)
  const around = (options['params'] ?? {}) as ListedRun['params']
  // Of a perturbation: what differs from the run that it is around.
  const changed = ({ params }: ListedRun) => Object.keys(around).filter((name) => params[name] !== around[name])
  const hasPhases = runs.some(({ phase }) => phase !== 'search')
  const place = ({ phase, fold }: ListedRun) => (hasPhases ? [`${phase}${fold === undefined ? '' : ` ${fold}`}`] : [])
  const rows = runs.map((run) => [
    String(run.runId).padStart(6),
    ...place(run),
    figureText(run.metrics[metric], kind).padStart(10),
    figureText(run.metrics['totalReturn'], 'part').padStart(9),
    figureText(run.metrics['maxDrawdown'], 'part').padStart(8),
    String(run.metrics['trades'] ?? '-').padStart(5),
    paramsText(run.params, varied.length > 0 ? varied : changed(run)),
  ])
  const titles = ['   run', ...(hasPhases ? ['phase'] : []), short(metric, 10).padStart(10), '   return', 'drawdown', 'trips', 'parameters']
  return alignColumns([titles, ...rows], ' ')
    .split('\n')
    .map((line) => short(line, WIDTH))
    .join('\n')
}

const paramsText = (params: ListedRun['params'], names = Object.keys(params)) =>
  names.map((name) => `${name}=${typeof params[name] === 'string' ? params[name] : JSON.stringify(params[name])}`).join(' ')

function kindOf(metric: string) {
  return FIGURE_GROUPS.flatMap(({ figures }) => figures).find(({ name }) => name === metric)?.kind ?? 'ratio'
}

function spreadOf(
  ranked: readonly ListedRun[],
  metric: string,
): Record<'least' | 'quarter' | 'median' | 'threeQuarters' | 'highest', number> {
  const values = ranked.map(({ metrics }) => metrics[metric]).filter((value): value is number => Number.isFinite(value))
  const at = (part: number) => quantile(values, part)
  return { least: at(0), quarter: at(0.25), median: at(0.5), threeQuarters: at(0.75), highest: at(1) }
}

function spreadText(ranked: readonly ListedRun[], metric: string): string {
  const { least, quarter, median, threeQuarters, highest } = spreadOf(ranked, metric)
  const text = (value: number) => figureText(value, kindOf(metric))
  return wrapText(
    `${metric}: ${text(least)} to ${text(highest)}, half of the trials within ${text(quarter)} to ${text(threeQuarters)}, median ${text(median)}.`,
    WIDTH,
  ).join('\n')
}

/** What the best is worth; undefined where it is not the best by Sharpe ratio, or one of a few. */
function beliefOf(ranked: readonly ListedRun[], metric: string): { trials: number; expectedBest: number; probability: number } | undefined {
  const [best] = ranked
  if (metric !== 'sharpe' || !best) return undefined
  const { sharpe, skew, excessKurtosis, tradingDays } = best.metrics
  const ratios = ranked.map(({ metrics }) => metrics['sharpe']).filter((value): value is number => Number.isFinite(value))
  const year = Math.sqrt(PERIODS.day)
  const sample = {
    sharpe: (sharpe ?? Number.NaN) / year,
    skew: skew ?? Number.NaN,
    excessKurtosis: excessKurtosis ?? Number.NaN,
    periods: tradingDays ?? 0,
  }
  const expectedBest = expectedBestSharpe(deviation(ratios) ** 2, ratios.length)
  const probability = probabilisticSharpe(sample, expectedBest / year)
  return Number.isFinite(probability) ? { trials: ratios.length, expectedBest, probability } : undefined
}

function beliefText(ranked: readonly ListedRun[], metric: string): string {
  const belief = beliefOf(ranked, metric)
  const picked = `The best was picked from ${counted(ranked.length, 'trial')}: a part of it is luck.`
  if (!belief) return `${picked} Test it on data that no trial has seen.`
  const { expectedBest, probability } = belief
  return (
    `${picked} Of as many independent trials without any skill, spread as these are, the best is expected to have a Sharpe ratio of ` +
    `${expectedBest.toFixed(3)}. The probability that the true one of the best here is above that (its deflated Sharpe ratio) is ` +
    `${figureText(probability, 'part')}. Test it on data that no trial has seen.`
  )
}

function failureLines(runs: readonly ListedRun[]): string[] {
  const counts = new Map<string, number>()
  for (const { error } of runs) if (error !== undefined) counts.set(error, (counts.get(error) ?? 0) + 1)
  if (counts.size === 0) return []
  const most = [...counts].sort(([, one], [, other]) => other - one)
  const lines = most
    .slice(0, SHOWN_FAILURES)
    .flatMap(([error, count]) => wrapText(`${count} x ${error}`, WIDTH - 2).map((line) => `  ${line}`))
  const more = most.length > SHOWN_FAILURES ? [`  and ${counted(most.length - SHOWN_FAILURES, 'other error')}`] : []
  return ['', 'Failures:', ...lines, ...more]
}

/** @param isRanked false of a kind that has something of its own in place of the best trials: they ran on different data, or in different conditions */
export function plainExperiment(experiment: StoredExperiment, runs: readonly ListedRun[], isRanked = true): object {
  const { plan } = experiment
  const ranked = rankedOf(runs, plan.objective)
  const trials = [...ranked, ...runs.filter((run) => !ranked.includes(run))]
  return {
    ...experiment,
    spread: isRanked && ranked.length > 0 ? spreadOf(ranked, plan.objective.metric) : null,
    best: (isRanked && beliefOf(ranked, plan.objective.metric)) || null,
    trials: trials.map(({ runId, phase, fold, status, params, metrics, error, resultHash }) => ({
      runId,
      phase,
      fold: fold ?? null,
      status,
      params,
      metrics,
      error: error ?? null,
      resultHash,
    })),
  }
}
