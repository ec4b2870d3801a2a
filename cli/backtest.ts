/** `tapedeck backtest`: runs a strategy over a dataset or a tape, prints how it did and stores the run. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import { type CommonOptions, configFile, currencyArgument, dataDir, examples, integerArgument, json, timeArgument } from './arguments.ts'
import { version } from './package.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignals } from './signals.ts'
import { progressBar, statusLine } from './terminal.ts'
import type { InputRequest } from '../backtester/run/input.ts'
import type { RunRange, RunResult, RunSettings, Stress } from '../backtester/run/result.ts'
import type { RunRequest } from '../backtester/run/run.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ConfigError } from '../market/errors.ts'

interface BacktestArguments extends CommonOptions {
  strategy: string
  dataset?: string
  tape?: string
  origin?: boolean
  from?: number
  to?: number
  warmUp: number
  benchmark?: string
  benchmarkDataset?: string
  param: Record<string, unknown>
  cash: number
  currency: string
  seed: number
  fill: string
  slippage: string
  latency: string
  fees: string
  margin: string
  financing: string
  stress: string[]
  deadline: number
  store: boolean
}

const MORE = `

Models, with what they take behind a colon: --fill touch, mid:0.5 (of quotes),
bar-next-open (of bars); --slippage none, linear:2, square-root:10 (basis
points), impact:0.02 (volatility of a day); --latency none, fixed:50,100 (ms of
feed and order); --fees schedule (arbitrage.fees of the settings), ib-fixed,
ib-tiered, percent:0.1, none; --margin reg-t, cash, none; --financing none,
fixed:0,0.06,0.01 (credit, debit, borrow; a year), benchmark:0.005,0.015,0.01.
--stress costs:2, spread:1.5 (around the middle) or spread:2ticks, on bars
spread:5bp, latency:200 (ms on top), gaps:5,300 (count, seconds) or
gaps:5,300,one (of one instrument each).
A run that fails is stored too. docs/backtest.md has all of it.`

export function addBacktest(program: Command): void {
  program
    .command('backtest')
    .description('run a strategy over a dataset or a tape')
    .requiredOption('--strategy <name|file>', 'a strategy of `strategy list`, or a file')
    .addOption(new Option('--dataset <name>', 'a dataset of `dataset list`').conflicts('tape'))
    .option('--tape <file>', 'a tape file as it is')
    .option('--origin', 'read what the dataset came from, not its own files')
    .option('--from <time>', 'first moment that counts, UTC', timeArgument)
    .option('--to <time>', 'moment before which to end, UTC', timeArgument)
    .option('--warm-up <days>', 'trading days before --from, for indicators', integerArgument(0, 10_000), 0)
    .option('--benchmark <symbol>', 'compare with a stock or index of the data')
    .option('--benchmark-dataset <name>', 'the benchmark is in this dataset of bars')
    .option('--param <k=v>', 'a parameter of the strategy; can be repeated', paramArgument, {})
    .option('--cash <amount>', 'at the start', amountArgument, 100_000)
    .option('--currency <code>', 'of the account', currencyArgument, 'USD')
    .option('--seed <n>', 'of what models draw at random', integerArgument(0, 0xffffffff), 1)
    .option('--fill <model>', 'at which price orders trade', 'touch')
    .option('--slippage <model>', 'how much worse than seen', 'none')
    .option('--latency <model>', 'of data and of orders', 'none')
    .option('--fees <model>', 'what trading costs', 'schedule')
    .option('--margin <model>', 'what positions need', 'reg-t')
    .option('--financing <model>', 'what nights cost', 'none')
    .option('--stress <what>', 'worse conditions; can be repeated', (text: string, before: string[]) => [...before, text], [])
    .option('--deadline <s>', 'a strategy that does not return fails', integerArgument(1, 86_400), 10)
    .option('--no-store', 'only print how it did')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
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
  const { failureOf, formatRun, summaryOf } = await import('./backtest-report.ts')
  const { config } = await load(options)
  const request = await requestOf(options, config)
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
    const runId = options.store && url !== undefined ? await storeIn(url, result) : undefined
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

async function storeIn(url: string, result: RunResult): Promise<number> {
  const { storeRun } = await import('../backtester/store/store-run.ts')
  const { summarise } = await import('../backtester/metrics/summary.ts')
  const { connectClient } = await import('../db/pool.ts')
  const client = await connectClient(url)
  try {
    return (await storeRun(client, result, summarise(result))).runId
  } finally {
    await client.end()
  }
}

async function requestOf(options: BacktestArguments, config: LoadedConfig['config']): Promise<RunRequest> {
  const { chooseModel } = await import('../backtester/run/models.ts')
  const { strategy, param, cash, currency, seed } = options
  const models = {
    fill: chooseModel('fill', options.fill),
    slippage: chooseModel('slippage', options.slippage),
    latency: chooseModel('latency', options.latency),
    fees: chooseModel('fees', options.fees),
    margin: chooseModel('margin', options.margin),
    financing: chooseModel('financing', options.financing),
  }
  const range = await rangeOf(options)
  const stress = options.stress.length > 0 ? await stressOf(options.stress) : undefined
  return {
    strategy,
    cwd: process.cwd(),
    params: param,
    settings: { cash, currency, seed, models, ...(range && { range }), ...(stress && { stress }), ...benchmarkOf(options) },
    input: inputOf(options, config),
    dataDir: config.dataDir,
    arbitrage: config.arbitrage,
    codeVersion: version,
    startedAt: new Date().toISOString(),
  }
}

async function stressOf(texts: readonly string[]): Promise<Stress> {
  const { parseStress } = await import('../backtester/run/stress.ts')
  return parseStress(texts)
}

function benchmarkOf({ benchmark: symbol, benchmarkDataset: dataset }: BacktestArguments): Pick<RunSettings, 'benchmark'> {
  if (symbol !== undefined) return { benchmark: { symbol, ...(dataset !== undefined && { dataset }) } }
  if (dataset === undefined) return {}
  throw new ConfigError('--benchmark-dataset: expected --benchmark with it: the symbol in that dataset.', { code: 'run-input' })
}

async function rangeOf({ from, to, warmUp }: BacktestArguments): Promise<RunRange | undefined> {
  if (from === undefined && warmUp > 0)
    throw new ConfigError('--warm-up: expected --from with it: it is what lies before.', { code: 'run-range' })
  if (from === undefined && to === undefined) return undefined
  const { warmUpOf } = await import('../backtester/run/range.ts')
  const { nyse } = await import('../market/calendar/calendar.ts')
  const warmUpUs = from === undefined ? 0 : warmUpOf(from, warmUp, nyse)
  return { ...(from !== undefined && { fromUs: from }), ...(to !== undefined && { toUs: to }), ...(warmUpUs > 0 && { warmUpUs }) }
}

function inputOf({ dataset, tape, origin }: BacktestArguments, { dataDir, carry }: LoadedConfig['config']): InputRequest {
  if (tape !== undefined) {
    if (origin) throw new ConfigError('--origin: expected --dataset with it, found --tape.', { code: 'run-input' })
    return { kind: 'tape', path: tape, carry }
  }
  if (dataset === undefined)
    throw new ConfigError('Name what to run on: --dataset, as `tapedeck dataset list` shows them, or --tape.', { code: 'run-input' })
  return { kind: 'dataset', dataDir, name: dataset, ...(origin && { fromOrigin: { url: undefined } }) }
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

function amountArgument(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1e11)) throw new InvalidArgumentError('expected an amount of money above 0.')
  return value
}
