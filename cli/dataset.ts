/** `tapedeck dataset`: freezes what was recorded for backtests, and looks after it. */

import { parse } from 'node:path'

import { type Command, InvalidArgumentError } from 'commander'

import {
  addLiveOnly,
  addRangeOptions,
  type CommonOptions,
  configFile,
  dataDir,
  dateArgument,
  examples,
  json,
  type QueryArguments,
  queryOf,
} from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignals } from './signals.ts'
import { statusLine } from './terminal.ts'
import { parseBarLength } from '../market/bar.ts'
import { ConfigError } from '../market/errors.ts'
import { isoFromUs } from '../market/time.ts'

interface CreateArguments extends CommonOptions, Pick<QueryArguments, 'from' | 'to' | 'symbols' | 'liveOnly'> {
  name?: string
  tape?: string
  bars?: number
  asOf?: string
  raw?: boolean
}

const MORE = `

Ticks are taken from all sessions of the range. Where sessions overlap, each
instrument has one source at each moment: of those that held its line without
a gap, the one that began first. Bars are those that were imported, adjusted for
splits and dividends up to --as-of, or with --raw as traded: a run then splits
positions and is paid dividends. Stocks without any have bars of their trades.
docs/backtest.md explains all of it.`

export function addDataset(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('freeze recorded ticks or bars for backtests')
    .addHelpText('after', examples('tapedeck dataset create --tape tapes/twx-2014-06-05.tape', 'tapedeck dataset list'))
  const common = (command: Command) => command.addOption(configFile()).addOption(dataDir()).addOption(json())

  common(
    addLiveOnly(addRangeOptions(dataset.command('create')))
      .description('freeze a range of what was recorded, or a tape')
      .option('--tape <file>', 'a tape file instead of the database')
      .option('--bars <length>', 'bars instead of ticks: 1d, 1h, 5m, 1m', barsArgument)
      .option('--as-of <date>', 'adjust bars as of this day (default: the last one)', dateArgument)
      .option('--raw', 'bars as traded, with their splits and dividends')
      .option('--name <name>', 'of the dataset (default: symbols and dates)'),
  )
    .addHelpText(
      'after',
      examples(
        'tapedeck dataset create --symbols TWX --from 2014-06-05 --to 2014-06-06',
        'tapedeck dataset create --symbols SPY --from 2020-01-01 --to 2025-01-01 \\',
        '    --bars 1d --name spy',
      ) + MORE,
    )
    .action(create)

  common(dataset.command('list').description('list the datasets')).addHelpText('after', examples('tapedeck dataset list')).action(list)

  common(dataset.command('show').description('show what a dataset holds and misses').argument('<name>'))
    .addHelpText('after', examples('tapedeck dataset show TWX-2014-06-05'))
    .action(show)

  common(
    dataset
      .command('verify')
      .description('check that a dataset holds what was frozen')
      .argument('<name>')
      .option('--origin', 'also read the database or the tape that it came from'),
  )
    .addHelpText('after', examples('tapedeck dataset verify TWX-2014-06-05 --origin'))
    .action(verify)

  common(dataset.command('rm').description('remove datasets').argument('<names...>'))
    .addHelpText('after', `${examples('tapedeck dataset rm TWX-2014-06-05')}\n\nWhat was recorded stays, and so do runs.`)
    .action(remove)
}

async function create({ name, tape, bars, asOf, raw, ...options }: CreateArguments): Promise<void> {
  const { DatasetFolder } = await import('../backtester/dataset/folder.ts')
  const { freezeBars, freezeTape, freezeTicks } = await import('../backtester/dataset/create.ts')
  const { formatDataset, formatFreezing } = await import('./dataset-report.ts')
  const { fromUs, toUs, symbols, liveOnly } = queryOf({ ...options, session: 'all' })
  if (asOf !== undefined && bars === undefined)
    throw new ConfigError('--as-of: expected it with --bars, found no --bars.', { code: 'dataset-as-of' })
  if (raw && bars === undefined) throw new ConfigError('--raw: expected it with --bars, found no --bars.', { code: 'dataset-raw' })
  const { config } = await load(options)
  const { stop } = stopSignals()
  const status = process.stderr.isTTY ? statusLine() : () => undefined
  const common = {
    folder: new DatasetFolder(config.dataDir),
    createdAt: new Date().toISOString(),
    onProgress: (ticks: number) => status(formatFreezing(ticks)),
    signal: stop,
  }
  const done = async (made: ReturnType<typeof freezeTape>) => {
    const dataset = await made.finally(() => status(undefined))
    if (options.json) printJson(dataset)
    else print(formatDataset(dataset))
  }
  if (tape !== undefined) {
    if (bars !== undefined)
      throw new ConfigError('--bars: expected no --tape with it, found both: a tape has no bars.', { code: 'dataset-bars' })
    return done(freezeTape(tape, { fromUs, toUs, symbols }, { ...common, name: name ?? parse(tape).name }))
  }
  if (symbols === undefined || fromUs === undefined || toUs === undefined)
    throw new ConfigError('Name what is to be frozen: --symbols, --from and --to, or a tape file with --tape.', { code: 'dataset-range' })
  const lastDay = dateOfUs(toUs - 1)
  const plainName = [...symbols.slice(0, 3), dateOfUs(fromUs), ...(lastDay === dateOfUs(fromUs) ? [] : [lastDay])].join('-')
  await withDatabase(options, async (url) => {
    if (bars === undefined) await done(freezeTicks(url, { symbols, fromUs, toUs, liveOnly }, { ...common, name: name ?? plainName }))
    else {
      const definition = { symbols, fromUs, toUs, barSeconds: bars, ...(raw && { prices: 'raw' as const }), asOf: asOf ?? lastDay }
      await done(freezeBars(url, definition, { ...common, name: name ?? `${plainName}-${raw ? 'raw-' : ''}bars` }))
    }
  })
}

async function list(options: CommonOptions): Promise<void> {
  const { formatDatasets } = await import('./dataset-report.ts')
  const datasets = await (await folderOf(options)).list()
  if (options.json) printJson(datasets)
  else print(formatDatasets(datasets))
}

async function show(name: string, options: CommonOptions): Promise<void> {
  const { formatDataset } = await import('./dataset-report.ts')
  const dataset = await (await folderOf(options)).find(name)
  if (options.json) printJson(dataset)
  else print(formatDataset(dataset))
}

async function verify(name: string, { origin = false, ...options }: CommonOptions & { origin?: boolean }): Promise<void> {
  const { verifyDataset } = await import('../backtester/dataset/verify.ts')
  const { formatDatasetVerdict } = await import('./dataset-report.ts')
  const folder = await folderOf(options)
  const dataset = await folder.find(name)
  const verifyIn = async (url: string | undefined) => {
    const verdict = await verifyDataset(folder, dataset, origin ? { url } : undefined)
    if (options.json) printJson(verdict)
    else print(formatDatasetVerdict(verdict))
    process.exitCode = verdict.ok ? EXIT.done : EXIT.failed
  }
  if (origin && dataset.origin.kind === 'database') await withDatabase(options, verifyIn)
  else await verifyIn(undefined)
}

async function remove(names: string[], options: CommonOptions): Promise<void> {
  const folder = await folderOf(options)
  for (const name of names) await folder.find(name)
  for (const name of names) await folder.remove(name)
  if (options.json) printJson({ removed: names })
  else for (const name of names) print(`Removed ${name}.`)
}

async function folderOf(options: CommonOptions) {
  const { DatasetFolder } = await import('../backtester/dataset/folder.ts')
  const { config } = await load(options)
  return new DatasetFolder(config.dataDir)
}

const dateOfUs = (tsUs: number) => isoFromUs(tsUs).slice(0, 10)

function barsArgument(text: string): number {
  const seconds = parseBarLength(text)
  if (seconds === undefined) throw new InvalidArgumentError('expected a length such as 1d, 1h, 5m or 1m.')
  return seconds
}
