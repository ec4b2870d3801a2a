/** A run as text of at most 80 columns, and as plain data. */

import { type Distribution, type MonteCarlo, QUANTILES } from '../../backtester/metrics/monte-carlo.ts'
import type { RunSummary } from '../../backtester/metrics/summary.ts'
import { benchmarkText, FIGURE_GROUPS, figureText, modelsOf, type ShownFigure } from '../../backtester/report/figures.ts'
import type { RunResult } from '../../backtester/run/result.ts'
import { warningsOf } from '../../backtester/run/stress.ts'
import type { ListedRun } from '../../backtester/store/read-runs.ts'
import { alignColumns, wrapText } from '../../system/text-table.ts'
import { counted, rangeText, second, short } from '../report-words.ts'

const WIDTH = 80
/** So many differences and parameters of a run fit on a screen. */
const LISTED = 20
const NAMES = 13

export function formatList(runs: readonly ListedRun[]): string {
  if (runs.length === 0) return 'No runs are stored that fit. `tapedeck runs list` without options lists all.'
  const rows = runs.map(({ runId, startedAt, strategy, dataset, status, metrics }) => [
    String(runId).padStart(5),
    startedAt.slice(0, 10),
    short(strategy, NAMES),
    short(dataset ?? '-', 10),
    (status === 'failed' ? 'failed' : figureText(metrics['totalReturn'], 'part')).padStart(9),
    figureText(metrics['sharpe'], 'ratio').padStart(7),
    figureText(metrics['maxDrawdown'], 'part').padStart(8),
    String(metrics['trades'] ?? '-').padStart(6),
  ])
  return alignColumns([['  run', 'started', 'strategy', 'dataset', '   return', ' Sharpe', 'drawdown', ' trips'], ...rows], ' ')
}

/** Times as text, figures as they are. */
export function plainListed(run: ListedRun): object {
  return { ...run, dataset: run.dataset ?? null, experiment: run.experiment ?? null, fold: run.fold ?? null, error: run.error ?? null }
}

/** `runId`: absent where it is not stored. */
export function formatRun(result: RunResult, summary: RunSummary, runId?: number): string {
  const { strategy, dataset, settings, params, error } = result
  const models = modelsOf(settings).map(([role, { name, params }]) => `${role} ${name}${objectText(params)}`)
  const head: [string, string][] = [
    ...(runId === undefined ? [] : [['Run', String(runId)] as [string, string]]),
    ['Strategy', `${strategy.name} ${strategy.version}${strategy.source === 'shipped' ? '' : `, ${strategy.source}`}`],
    ['Parameters', objectText(params).trim() || 'none'],
    ['Dataset', dataset ? `${dataset.name}, ${second(dataset.fromUs)} to ${second(dataset.toUs)}` : '-'],
    ...(settings.range ? [['Range', rangeText(settings.range)] as [string, string]] : []),
    ['Models', models.join(', ')],
    ...(settings.stress ? [['Stress', objectText(settings.stress).trim()] as [string, string]] : []),
    ...(settings.benchmark ? [['Benchmark', benchmarkText(settings.benchmark)] as [string, string]] : []),
    ['Currency', settings.currency],
    ['Seed', String(settings.seed)],
    ['Ran', `${result.startedAt.slice(0, 19)}Z, ${(result.durationMs / 1000).toFixed(1)} s, tapedeck ${result.codeVersion}`],
    ['Result', result.hash.slice(0, 16)],
    ...(error ? [['Failed', error.message] as [string, string]] : []),
  ]
  const notes = [
    ...warningsOf(result),
    ...(summary.open.length > 0
      ? [`Open at the end: ${counted(summary.open.length, 'position')}, in the equity and in no round trip.`]
      : []),
  ]
  return [
    wrappedPairs(head),
    ...FIGURE_GROUPS.map(({ title, figures }) => `${title}\n${figureRows(figures, summary)}`),
    ...(notes.length > 0 ? [notes.flatMap((note) => wrapText(note, WIDTH)).join('\n')] : []),
  ].join('\n\n')
}

function figureRows(figures: readonly ShownFigure[], { figures: values, intervals }: RunSummary): string {
  return alignColumns(
    figures
      .filter(({ name }) => name in values)
      .map(({ name, label, kind }) => {
        const interval = intervals[name]
        const range = interval && `95% within ${figureText(interval.low, kind)} to ${figureText(interval.high, kind)}`
        return [`  ${label.padEnd(24)}`, figureText(values[name], kind).padStart(16), range ?? '']
      }),
  )
}

function wrappedPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2
  return pairs
    .flatMap(([name, text]) => wrapText(text, WIDTH - width).map((line, index) => `${(index === 0 ? name : '').padEnd(width)}${line}`))
    .join('\n')
}

const objectText = (object: object) =>
  Object.entries(object)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')

/** Without what it did; `tapedeck runs report --json` has that too. */
export function plainRun(result: RunResult, summary: RunSummary, runId: number): object {
  const { orders: _orders, fills: _fills, equity: _equity, events: _events, dataset, ...rest } = result
  return { runId, ...rest, dataset: dataset ?? null, error: result.error ?? null, ...plainSummary(summary) }
}

export function plainSummary({ figures, intervals, open }: RunSummary): object {
  return { metrics: definedFigures(figures), intervals, open }
}

/** JSON has no NaN and no infinities: null, and text. */
export function definedFigures(figures: RunSummary['figures']): Record<string, number | string | null> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number.isNaN(value) ? null : Number.isFinite(value) ? value : String(value)]),
  )
}

/** Side by side: what differs of their settings, then the figures. */
export function formatComparison(runs: readonly ListedRun[]): string {
  const cell = (text: string) => short(text, COMPARED).padStart(COMPARED)
  const names = [...new Set(runs.flatMap(({ params }) => Object.keys(params)))]
  const shown = (value: unknown) => (value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value))
  const differing = names.filter((name) => new Set(runs.map(({ params }) => shown(params[name]))).size > 1)
  const head = [
    ['Run', ...runs.map(({ runId }) => cell(String(runId)))],
    ['Strategy', ...runs.map(({ strategy, version }) => cell(`${strategy} ${version}`))],
    ['Dataset', ...runs.map(({ dataset }) => cell(dataset ?? '-'))],
    ['Status', ...runs.map(({ status }) => cell(status))],
    ...differing.slice(0, LISTED).map((name) => [short(name, LABEL), ...runs.map(({ params }) => cell(shown(params[name])))]),
  ]
  const groups = FIGURE_GROUPS.map(({ title, figures }) => {
    const rows = figures
      .filter(({ name }) => runs.some(({ metrics }) => name in metrics))
      .map(({ name, label, kind }) => [`  ${label}`, ...runs.map(({ metrics }) => cell(figureText(metrics[name], kind)))])
    return [[title], ...rows]
  })
  const isSame = runs.every(({ resultHash }) => resultHash === runs[0]?.resultHash)
  const same = isSame ? ['', 'The results are identical: the same orders, fills and equity.'] : []
  return [alignColumns([...head, ...groups.flat()].map(([label = '', ...cells]) => [label.padEnd(LABEL), ...cells])), ...same].join('\n')
}

/** Three of them, and the label, are 80 columns. */
const COMPARED = 16
const LABEL = 26
/** Runs side by side on a terminal. */
export const MOST_COMPARED = 3

/** Quantiles of the round trips of a run in another order, and drawn again. */
export function formatMonteCarlo({ trips, reshuffled, drawn }: MonteCarlo, { draws, ruin }: { draws: number; ruin: number }): string {
  const cell = (text: string) => text.padStart(QUANTILE)
  const rows = (one: Distribution) => [
    ['  End equity', ...one.endEquity.map((value) => cell(wholeMoney(value)))],
    ['  Maximum drawdown', ...one.maxDrawdown.map((value) => cell(figureText(value, 'part')))],
  ]
  const chances = (one: Distribution) => {
    const [loss, ruined] = [figureText(one.chanceOfLoss, 'part'), figureText(one.chanceOfRuin, 'part')]
    return `  Ended below the start in ${loss}, lost ${figureText(ruin, 'part')} of it at some time in ${ruined}.`
  }
  const part = (title: string, one: Distribution) =>
    `${title}\n${alignColumns([['', ...QUANTILES.map((at) => cell(`${100 * at}%`))], ...rows(one)], ' ')}\n${chances(one)}`
  return [
    `${counted(trips, 'round trip')}, ${counted(draws, 'draw')}. Columns are the parts of the draws below.`,
    part('In another order', reshuffled),
    part('Drawn with replacement', drawn),
  ].join('\n\n')
}

const wholeMoney = (value: number) =>
  Math.abs(value) < 1e8 ? Math.round(value).toLocaleString('en-US') : `${Math.round(value / 1e6).toLocaleString('en-US')} M`

/** Five of them, and the label, are 80 columns. */
const QUANTILE = 11
