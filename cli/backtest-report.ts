/** How a run did, as text for a person. */

import { summarise, type RunSummary } from '../backtester/metrics/summary.ts'
import { WARM_UP } from '../backtester/engine/order-gate.ts'
import type { RunResult } from '../backtester/run/result.ts'
import { warningsOf } from '../backtester/run/stress.ts'
import { ConfigError, TapedeckError } from '../market/errors.ts'
import { wrapText } from '../system/text-table.ts'
import { counted, length, money, rangeText, second } from './report-words.ts'

const WIDTH = 80
const SHOWN_WARNINGS = 5

/** Faults of what was asked for, not of what came of it. */
const WRONG = ['strategy-unknown', 'strategy-params', 'dataset-unknown', 'benchmark-unknown', 'empty-range', 'run-input', 'run-stress']

/** Undefined where the figures cannot be had, as on days that no calendar knows. */
export function summaryOf(result: RunResult): RunSummary | undefined {
  try {
    return summarise(result)
  } catch (error) {
    if (error instanceof TapedeckError) return undefined
    throw error
  }
}

/** The error to end with; undefined for a run that is complete. */
export function failureOf({ error }: RunResult): TapedeckError | undefined {
  if (!error) return undefined
  return WRONG.includes(error.code) ? new ConfigError(error.message, error) : new TapedeckError(error.message, error)
}

export function formatRun(result: RunResult, summary: RunSummary | undefined, runId: number | undefined): string {
  const { strategy, dataset, params, status, hash } = result
  const head: [string, string][] = [
    ['Strategy', `${strategy.name}, version ${strategy.version}`],
    [
      'Parameters',
      Object.entries(params)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ') || 'none',
    ],
    ...(dataset ? datasetRows(result, dataset) : []),
    ...(result.settings.stress ? [['Stress', JSON.stringify(result.settings.stress)] as [string, string]] : []),
    ...(result.settings.range ? [['Range', rangeText(result.settings.range)] as [string, string]] : []),
  ]
  return [
    ...labelled(head),
    '',
    ...(summary ? labelled(figureRows(result, summary)) : ['The figures of its days cannot be computed: no calendar knows them.']),
    '',
    ...labelled([
      ['Result', `${status === 'complete' ? 'complete' : 'FAILED'}, hash ${hash.slice(0, 12)}`],
      ...(runId === undefined ? [] : [['Stored', `run ${runId}`] as [string, string]]),
    ]),
  ].join('\n')
}

function datasetRows(result: RunResult, { name, kind, fromUs, toUs, hash, gaps }: NonNullable<RunResult['dataset']>): [string, string][] {
  const { counts } = result
  const shown = warningsOf(result)
    .slice(0, SHOWN_WARNINGS)
    .map((warning): [string, string] => ['Warning', warning])
  const read = counts.bars > 0 ? counted(counts.bars, 'bar') : counted(counts.ticks, 'tick')
  return [
    [kind === 'tape' ? 'Tape' : 'Dataset', `${name}, hash ${hash.slice(0, 12)}`],
    ['Time', `${second(fromUs)} to ${second(toUs)}`],
    ['Read', read],
    [
      'Gaps',
      gaps.length === 0
        ? 'none'
        : `${counted(gaps.length, 'gap')}, ${length(gaps.reduce((sum, gap) => sum + gap.toTsUs - gap.fromTsUs, 0))} in all`,
    ],
    ...shown,
  ]
}

function figureRows({ settings, orders }: RunResult, { figures, open }: RunSummary): [string, string][] {
  const figure = (name: string, format: (value: number) => string): string => {
    const value = figures[name]
    return value === undefined || !Number.isFinite(value) ? '-' : format(value)
  }
  const amount = (value: number) => `${money(value)} ${settings.currency}`
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`
  const ratio = (value: number) => value.toFixed(2)
  const whole = (value: number) => value.toLocaleString('en-US')
  const rejected = orders.filter(({ status, reason }) => status === 'rejected' && reason !== WARM_UP).length
  return [
    ['Start', figure('start', amount)],
    ['End', figure('end', amount)],
    ['Net profit', figure('netProfit', amount)],
    ['Costs', figure('costs', amount)],
    ['Income', figure('income', amount)],
    ['Total return', figure('totalReturn', percent)],
    ['Annual return', `${figure('annualReturn', percent)} (252 trading days)`],
    ['Volatility', figure('volatility', percent)],
    ['Sharpe ratio', figure('sharpe', ratio)],
    ['Sortino ratio', figure('sortino', ratio)],
    ['Max drawdown', figure('maxDrawdown', percent)],
    ['Within days', figure('maxIntradayDrawdown', percent)],
    ['Trading days', figure('tradingDays', whole)],
    ...(settings.benchmark
      ? ([
          ['Benchmark', `${settings.benchmark.symbol}, ${figure('benchmarkReturn', percent)}`],
          ['Alpha, beta', `${figure('alpha', percent)} a year, ${figure('beta', ratio)}`],
          ['Capture', `${figure('upCapture', ratio)} up, ${figure('downCapture', ratio)} down`],
        ] as [string, string][])
      : []),
    ['Orders', `${figure('orders', whole)}${rejected > 0 ? `, ${rejected} rejected` : ''}`],
    ['Fills', figure('fills', whole)],
    ['Round trips', `${figure('trades', whole)}, ${figure('winRate', percent)} won`],
    ['Expectancy', figure('expectancy', amount)],
    ['Profit factor', figure('profitFactor', ratio)],
    ['Still open', open.length === 0 ? 'nothing' : counted(open.length, 'position')],
  ]
}

/** Texts under each other, wrapped beside their labels. */
function labelled(rows: readonly (readonly [string, string])[]): string[] {
  const columns = Math.max(...rows.map(([label]) => label.length)) + 2
  return rows.flatMap(([label, text]) => wrapText(text, WIDTH - columns).map((line, i) => (i === 0 ? label : '').padEnd(columns) + line))
}
