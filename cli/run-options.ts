/** What `tapedeck backtest` and `tapedeck experiment` have in common: what is run on what, and with which models. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import { type CommonOptions, configFile, currencyArgument, dataDir, integerArgument, json, timeArgument } from './arguments.ts'
import type { PreparedInput } from '../backtester/run/input.ts'
import type { RunRange, RunSettings, Stress } from '../backtester/run/result.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ConfigError } from '../market/errors.ts'

export interface RunArguments extends CommonOptions {
  strategy: string
  dataset?: string
  tape?: string
  from?: number
  to?: number
  warmUp: number
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
}

/** For the end of a command's help. */
export const MODELS_HELP = `Models, with what they take behind a colon: --fill touch, mid:0.5 (of quotes),
bar-next-open (of bars); --slippage none, linear:2, square-root:10 (basis
points), impact:0.02 (volatility of a day); --latency none, fixed:50,100 (ms of
feed and order); --fees schedule (arbitrage.fees of the settings), ib-fixed,
ib-tiered, percent:0.1, none; --margin reg-t, cash, none; --financing none,
fixed:0,0.06,0.01 (credit, debit, borrow; a year), benchmark:0.005,0.015,0.01.
--stress costs:2, spread:1.5 (around the middle) or spread:2ticks, on bars
spread:5bp, latency:200 (ms on top), gaps:5,300 (count, seconds) or
gaps:5,300,one (of one instrument each).`

export function addRunOptions(command: Command): Command {
  return command
    .requiredOption('--strategy <name|file>', 'a strategy of `strategy list`, or a file')
    .addOption(new Option('--dataset <name>', 'a dataset of `dataset list`').conflicts('tape'))
    .option('--tape <file>', 'a tape file as it is')
    .option('--from <time>', 'first moment that counts, UTC', timeArgument)
    .option('--to <time>', 'moment before which to end, UTC', timeArgument)
    .option('--warm-up <days>', 'trading days before --from, for indicators', integerArgument(0, 10_000), 0)
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
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
}

/** @throws ConfigError for a model or a range that does not fit */
export async function settingsOf(options: RunArguments): Promise<RunSettings> {
  const { chooseModel } = await import('../backtester/run/models.ts')
  const models = {
    fill: chooseModel('fill', options.fill),
    slippage: chooseModel('slippage', options.slippage),
    latency: chooseModel('latency', options.latency),
    fees: chooseModel('fees', options.fees),
    margin: chooseModel('margin', options.margin),
    financing: chooseModel('financing', options.financing),
  }
  const { cash, currency, seed } = options
  const range = await rangeOf(options)
  const stress = options.stress.length > 0 ? await stressOf(options.stress) : undefined
  return { cash, currency, seed, models, ...(range && { range }), ...(stress && { stress }) }
}

async function stressOf(texts: readonly string[]): Promise<Stress> {
  const { parseStress } = await import('../backtester/run/stress.ts')
  return parseStress(texts)
}

async function rangeOf({ from, to, warmUp }: RunArguments): Promise<RunRange | undefined> {
  if (from === undefined && warmUp > 0)
    throw new ConfigError('--warm-up: expected --from with it: it is what lies before.', { code: 'run-range' })
  if (from === undefined && to === undefined) return undefined
  const { warmUpOf } = await import('../backtester/run/range.ts')
  const { nyse } = await import('../market/calendar/calendar.ts')
  const warmUpUs = from === undefined ? 0 : warmUpOf(from, warmUp, nyse)
  return { ...(from !== undefined && { fromUs: from }), ...(to !== undefined && { toUs: to }), ...(warmUpUs > 0 && { warmUpUs }) }
}

/** @throws ConfigError `run-input` where nothing is named */
export function inputOf({ dataset, tape }: RunArguments, { dataDir, carry }: LoadedConfig['config']): PreparedInput['from'] {
  if (tape !== undefined) return { kind: 'tape', path: tape, carry }
  if (dataset === undefined)
    throw new ConfigError('Name what to run on: --dataset, as `tapedeck dataset list` shows them, or --tape.', { code: 'run-input' })
  return { kind: 'dataset', dataDir, name: dataset }
}

function amountArgument(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1e11)) throw new InvalidArgumentError('expected an amount of money above 0.')
  return value
}
