/** `tapedeck backtest`: runs a strategy over a dataset or a tape, prints how it did and stores the run. */

import { type Command, InvalidArgumentError } from 'commander'

import { examples } from './arguments.ts'
import { version } from './package.ts'
import { print, printJson } from './output.ts'
import { addRunOptions, inputOf, MODELS_HELP, type RunArguments, settingsOf } from './run-options.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignals } from './signals.ts'
import { progressBar, statusLine } from './terminal.ts'
import type { PreparedInput } from '../backtester/run/input.ts'
import type { RunResult, RunSettings } from '../backtester/run/result.ts'
import type { RunRequest } from '../backtester/run/run.ts'
import type { StrategyFile } from '../backtester/run/strategy-files.ts'
import type { Artifact } from '../backtester/store/store-run.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ConfigError } from '../market/errors.ts'

interface BacktestArguments extends RunArguments {
  origin?: boolean
  benchmark?: string
  benchmarkDataset?: string
  param: Record<string, unknown>
  store: boolean
}

const MORE = `

${MODELS_HELP}
A run that fails is stored too. docs/backtest.md has all of it.`

export function addBacktest(program: Command): void {
  addRunOptions(program.command('backtest').description('run a strategy over a dataset or a tape'))
    .option('--origin', 'read what the dataset came from, not its own files')
    .option('--benchmark <symbol>', 'compare with a stock or index of the data')
    .option('--benchmark-dataset <name>', 'the benchmark is in this dataset of bars')
    .option('--param <k=v>', 'a parameter of the strategy; can be repeated', paramArgument, {})
    .option('--no-store', 'only print how it did')
    .addHelpText(
      'after',
      examples(
        'tapedeck backtest --strategy z-score --tape tapes/twx-2014-06-05.tape',
        'tapedeck backtest --strategy ./mine.mjs --dataset spy --param period=50',
        'tapedeck backtest --strategy z-score --dataset spy --stress costs:2',
      ) + MORE,
    )
    .action(backtest)
}

async function backtest(options: BacktestArguments): Promise<void> {
  const { runGuarded } = await import('../backtester/run/guarded-run.ts')
  const { strategyFiles } = await import('../backtester/run/strategy-files.ts')
  const { failureOf, formatRun, summaryOf } = await import('./backtest-report.ts')
  const { config } = await load(options)
  const request = await requestOf(options, config)
  // As it is now: it may be changed while the run goes on.
  const sources = await strategyFiles(request.strategy, request.cwd)
  const { stop } = stopSignals()
  const run = async (url: string | undefined) => {
    const status = statusLine()
    if ('fromOrigin' in request.input && request.input.fromOrigin) request.input.fromOrigin.url = url
    const result = await runGuarded(request, {
      deadlineMs: options.deadline * 1000,
      signal: stop,
      onProgress: (done, total) => status(progressBar(done, total)),
    }).finally(() => status(undefined))
    const summary = summaryOf(result)
    const runId = options.store && url !== undefined ? await storeIn(url, result, sources) : undefined
    const failure = failureOf(result)
    if (options.json) printJson({ ...(runId !== undefined && { runId }), figures: summary?.figures, ...result })
    // What could not even begin has nothing to show but its error.
    else if (!(failure instanceof ConfigError)) print(formatRun(result, summary, runId))
    if (failure) throw failure
  }
  const { input } = request
  const readsOrigin = input.kind === 'dataset' && input.fromOrigin !== undefined
  if (options.store || readsOrigin) await withDatabase(options, run)
  else await run(undefined)
}

async function storeIn(url: string, result: RunResult, sources: readonly StrategyFile[]): Promise<number> {
  const { storeRun } = await import('../backtester/store/store-run.ts')
  const { summarise } = await import('../backtester/metrics/summary.ts')
  const { connectClient } = await import('../db/pool.ts')
  const client = await connectClient(url)
  try {
    const artifacts = sources.map((file): Artifact => ({ kind: 'source', mediaType: 'text/plain', ...file }))
    return (await storeRun(client, result, summarise(result), { artifacts })).runId
  } finally {
    await client.end()
  }
}

async function requestOf(options: BacktestArguments, config: LoadedConfig['config']): Promise<RunRequest> {
  const { strategy, param, origin } = options
  const input = inputOf(options, config)
  return {
    strategy,
    cwd: process.cwd(),
    params: param,
    settings: { ...(await settingsOf(options)), ...benchmarkOf(options) },
    input: origin ? fromOrigin(input) : input,
    dataDir: config.dataDir,
    arbitrage: config.arbitrage,
    codeVersion: version,
    startedAt: new Date().toISOString(),
  }
}

function benchmarkOf({ benchmark: symbol, benchmarkDataset: dataset }: BacktestArguments): Pick<RunSettings, 'benchmark'> {
  if (symbol !== undefined) return { benchmark: { symbol, ...(dataset !== undefined && { dataset }) } }
  if (dataset === undefined) return {}
  throw new ConfigError('--benchmark-dataset: expected --benchmark with it: the symbol in that dataset.', { code: 'run-input' })
}

function fromOrigin(input: PreparedInput['from']): PreparedInput['from'] {
  if (input.kind === 'dataset') return { ...input, fromOrigin: { url: undefined } }
  throw new ConfigError('--origin: expected --dataset with it, found --tape.', { code: 'run-input' })
}

/** JSON where it is some: numbers, true and false; else text. */
function paramArgument(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, name = '', value = ''] = /^([A-Za-z]\w*)=(.*)$/s.exec(text) ?? []
  if (name === '') throw new InvalidArgumentError('expected NAME=VALUE, such as period=50.')
  let read: unknown = value
  try {
    read = JSON.parse(value)
  } catch {
    // Text.
  }
  return { ...before, [name]: read }
}
