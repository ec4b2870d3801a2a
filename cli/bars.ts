/** `tapedeck bars`: imports bars that others made, makes bars of recorded trades, and checks them. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import {
  addRangeOptions,
  type CommonOptions,
  configFile,
  currencyArgument,
  dataDir,
  examples,
  json,
  type QueryArguments,
  queryOf,
  sessionArgument,
} from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { progressBar, statusLine } from './terminal.ts'
import type { BarFormat, ColumnName } from '../db/bars/format.ts'
import { parseBarLength, SECONDS_PER_DAY } from '../market/bar.ts'
import { CALENDAR_CODES } from '../market/calendar/calendars.ts'
import { ConfigError } from '../market/errors.ts'

const SECONDS_PER_MINUTE = 60

interface ImportArguments extends CommonOptions {
  format?: string
  source?: string
  kind?: BarFormat['kind']
  currency?: string
  calendar?: string
  length?: number
  stamp?: BarFormat['stamp']
  dateFormat?: string
  symbol?: string
  columns?: BarFormat['columns']
  replace?: boolean
  dryRun?: boolean
}

const MORE = `

Files are CSV with a header, also .gz; columns with common names need no
mapping. Rows of dividends and splits go into corporate_actions. Prices are
kept as published; the function adjusted_bars of the database adjusts them.
All of it is imported, or nothing. A row that cannot be read is refused and
listed; the exit code is 1 then.`

export function addBars(program: Command): void {
  const bars = program
    .command('bars')
    .description('import bars, dividends and splits, and find what is wrong')
    .addHelpText('after', examples('tapedeck bars import prices.csv.gz actions.csv', 'tapedeck bars check'))

  bars
    .command('import')
    .description('take bars, dividends and splits of CSV files into the database')
    .argument('<files...>', 'CSV files, each also .gz')
    .option('--format <name>', 'how to read them, as bars.formats of the configuration says')
    .option('--source <name>', 'who published them (default: the name of the format, or import)')
    .addOption(new Option('--kind <kind>', 'what the symbols are').choices(['stock', 'index']))
    .option('--currency <code>', 'of the prices (default: USD)', currencyArgument)
    .addOption(new Option('--calendar <code>', 'market whose days they are (default: XNYS)').choices(CALENDAR_CODES))
    .option('--length <length>', 'of a bar: 1d, 1h, 5m, 30s (default: 1d)', lengthArgument)
    .addOption(new Option('--stamp <edge>', 'what the time of a bar is (default: start)').choices(['start', 'end']))
    .option('--date-format <format>', 'like MM/DD/YYYY HH:mm (default: ISO 8601)')
    .option('--symbol <symbol>', 'of all rows, where there is no column for it')
    .option('--columns <names>', 'columns of other names: date=Day,close=Last', columnsArgument)
    .option('--replace', 'also what is there from another source')
    .option('--dry-run', 'only report what would be imported')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples('tapedeck bars import prices.csv.gz actions.csv', 'tapedeck bars import nse.csv --currency INR --calendar XBOM --dry-run') +
        MORE,
    )
    .action(importFiles)
  addBuild(bars)
  addCheck(bars)
}

interface CheckArguments extends CommonOptions {
  length?: number
  calendar?: string
  rule?: string
  all?: boolean
}

const CHECK_MORE = `

What is found replaces what an earlier check found, in the table bar_findings.
The exit code is 0 whatever is found. docs/bars.md explains the rules.`

function addCheck(bars: Command): void {
  bars
    .command('check')
    .description('find what is wrong with the bars in the database')
    .option('--length <length>', 'of the bars: 1d, 1h, 5m (default: 1d)', lengthArgument)
    .addOption(new Option('--calendar <code>', 'only the bars of this market').choices(CALENDAR_CODES))
    .option('--rule <name>', 'only what this rule finds')
    .option('--all', 'list every finding, not only some of each rule')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck bars check', 'tapedeck bars check --rule unadjusted-split --all') + CHECK_MORE)
    .action(check)
}

async function check({ length = SECONDS_PER_DAY, calendar, rule, all = false, ...options }: CheckArguments): Promise<void> {
  const { checkStoredBars } = await import('../db/bars/check-bars.ts')
  const { formatBarsCheck } = await import('./bars-report.ts')
  const { BAR_RULES } = await import('../market/bars/rules/index.ts')
  const names = BAR_RULES.map(({ name }) => name)
  if (rule !== undefined && !names.includes(rule))
    throw new ConfigError(`--rule: expected one of ${names.join(', ')}, found ${rule}.`, { code: 'bar-rule' })
  await withDatabase(options, async (url) => {
    const checks = (await checkStoredBars(url, length, calendar)).map((found) => ({
      ...found,
      findings: found.findings.filter((finding) => rule === undefined || finding.rule === rule),
    }))
    if (options.json) printJson(checks)
    else print(formatBarsCheck(checks, all))
  })
}

interface BuildArguments extends CommonOptions, Pick<QueryArguments, 'session' | 'from' | 'to' | 'symbols'> {
  length?: number
  dryRun?: boolean
}

const BUILD_MORE = `

Of each stock in US dollars the best source of trades is taken. All trades count
in volume; which set prices, docs/bars.md says. Bars of another source stay. A
bar of which the session has only a part, and others the rest, is refused:
--session all makes it.`

function addBuild(bars: Command): void {
  addRangeOptions(bars.command('build'))
    .description('make bars of the recorded trades of stocks')
    .option('--session <id>', 'session to read, latest, or all', sessionArgument, 'latest' as const)
    .option('--length <length>', 'of a bar: 1m, 5m, 1h, 1d (default: 1m)', lengthArgument)
    .option('--dry-run', 'only report what would be stored')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck bars build', 'tapedeck bars build --session all --length 5m') + BUILD_MORE)
    .action(build)
}

async function build({ length = SECONDS_PER_MINUTE, dryRun, ...options }: BuildArguments): Promise<void> {
  const { buildBars } = await import('../db/bars/build-bars.ts')
  const { formatBuiltBars } = await import('./bars-report.ts')
  const { includeQuarantined: _never, ...query } = queryOf(options)
  await withDatabase(options, async (url) => {
    const report = await buildBars({ url, query, seconds: length, dryRun })
    if (options.json) printJson(report)
    else print(formatBuiltBars(report))
    if (report.refused.rows > 0) process.exitCode = EXIT.failed
  })
}

async function importFiles(files: string[], options: ImportArguments): Promise<void> {
  const { importBars } = await import('../db/bars/import-bars.ts')
  const { formatBarsImport } = await import('./bars-report.ts')
  const format = await formatOf(options)
  await withDatabase(options, async (url) => {
    const status = statusLine()
    const report = await importBars({
      url,
      files,
      format,
      dryRun: options.dryRun,
      replace: options.replace,
      onProgress: ({ stage, bytes, totalBytes }) => status(stage === 'reading' ? progressBar(bytes, totalBytes) : 'storing what was read'),
    }).finally(() => status(undefined))
    if (options.json) printJson(report)
    else print(formatBarsImport(report))
    if (report.refused.rows > 0) process.exitCode = EXIT.failed
  })
}

/** The format that is named, with the options over it. */
async function formatOf(options: ImportArguments): Promise<BarFormat> {
  const { config } = await load(options)
  const { formats } = config.bars
  const named = formats.find(({ name }) => name === options.format)
  if (options.format !== undefined && !named)
    throw new ConfigError(
      `--format: expected ${formats.length > 0 ? formats.map(({ name }) => name).join(', ') : 'a format of bars.formats, which has none'}, found ${options.format}. ` +
        'Add it to bars.formats of the configuration.',
      { code: 'bar-format' },
    )
  const mapped = Object.entries({ ...named?.columns, ...options.columns }).filter(([, column]) => column !== undefined)
  return {
    columns: Object.fromEntries(mapped) as BarFormat['columns'],
    dateFormat: options.dateFormat ?? named?.dateFormat,
    currency: options.currency ?? named?.currency ?? 'USD',
    calendar: options.calendar ?? named?.calendar ?? 'XNYS',
    kind: options.kind ?? named?.kind ?? 'stock',
    symbol: options.symbol ?? named?.symbol,
    seconds: options.length ?? (named && parseBarLength(named.length)) ?? SECONDS_PER_DAY,
    stamp: options.stamp ?? named?.stamp ?? 'start',
    source: options.source ?? named?.source ?? named?.name ?? 'import',
  }
}

function lengthArgument(text: string): number {
  const seconds = parseBarLength(text)
  if (seconds === undefined) throw new InvalidArgumentError('expected a length such as 1d, 1h, 5m or 30s.')
  return seconds
}

const COLUMNS: Readonly<Record<ColumnName, true>> = {
  symbol: true,
  date: true,
  open: true,
  high: true,
  low: true,
  close: true,
  volume: true,
  vwap: true,
  trades: true,
  dividend: true,
  split: true,
}

function columnsArgument(text: string): BarFormat['columns'] {
  const pairs = text.split(',').map((pair) => pair.split('='))
  const isGood = pairs.every(([name = '', column = '', ...more]) => name in COLUMNS && column !== '' && more.length === 0)
  if (!isGood)
    throw new InvalidArgumentError(`expected name=column pairs such as date=Day,close=Last; names: ${Object.keys(COLUMNS).join(', ')}.`)
  return Object.fromEntries(pairs) as BarFormat['columns']
}
