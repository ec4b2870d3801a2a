/** `tapedeck backfill`: fills bars and ticks from IB's history. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import type { BackfillOptions, BackfillProgress, Wanted } from '../collector/backfill/backfill.ts'
import { type Fill, FILLS } from '../collector/backfill/fills.ts'
import { DAY_PARTS, SERIES, type Series, SESSION_PARTS } from '../collector/backfill/series.ts'
import type { LoadedConfig } from '../config/load.ts'
import { barLength, parseBarLength, SECONDS_PER_DAY } from '../market/bar.ts'
import type { OptionContract } from '../market/contract.ts'
import { ConfigError, messageOf } from '../market/errors.ts'
import { indexClassOf, indexNamed } from '../market/indices.ts'
import { nyse } from '../market/calendar/calendar.ts'
import { parseOccSymbol } from '../market/occ.ts'
import { type CommonOptions, configFile, dataDir, dateArgument, examples, hostPortArgument, json, listArgument } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignals } from './signals.ts'
import { progressBar, statusLine } from './terminal.ts'

interface BackfillArguments extends CommonOptions {
  symbols?: string[]
  from?: string
  to?: string
  gaps?: boolean
  withOptions?: boolean
  withUnseen?: boolean
  again?: boolean
  quotes?: boolean
  what: Fill[]
  length: number
  show: Series
  gateway?: { host: string; port: number }
  dryRun?: boolean
}

/** Of IB's 60 requests in ten minutes: a collector may spend 30 of them looking for dead lines. */
const BESIDE_A_COLLECTOR = 30

const MORE = `

Bars of trades go into the table bars, of the source broker; what another source
has stays. All others go into broker_bars. Trades and quotes go into the tables
of ticks, in sessions of the kind history; time that was recorded is left out.
Interrupted, the same command goes on with what is left. Exit code 1: something
was refused. docs/backfill.md has IB's limits.`

export function addBackfill(program: Command): void {
  program
    .command('backfill')
    .description("fill bars and ticks of the past from IB's history, as fast as IB's limits let")
    .option('--symbols <symbols>', 'stocks, indices, and options by OCC symbol, by comma', listArgument)
    .option('--from <date>', 'first market day', dateArgument)
    .option('--to <date>', 'day before which to end', dateArgument)
    .option('--what <what>', 'what to fill, by comma: trades, quotes, bars', whatArgument, ['bars'] satisfies Fill[])
    .option('--length <length>', 'of a bar: 1s to 30s, 1m to 30m, 1h to 8h, 1d', lengthArgument, SECONDS_PER_DAY)
    .addOption(new Option('--show <series>', 'what the bars are of').choices(SERIES).default('trades'))
    .option('--gaps', 'fill the gaps of the recordings instead: trades of stocks')
    .option('--quotes', 'with --gaps: quotes too')
    .option('--with-options', 'with --gaps: options too, a request for each at least')
    .option('--with-unseen', 'with --gaps: also what had no turn (cause unseen)')
    .option('--again', 'with --gaps: also what IB refused before')
    .option('--gateway <host:port>', 'where TWS or IB Gateway listens', hostPortArgument)
    .option('--dry-run', 'only say how many requests it takes, and how long')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck backfill --symbols AAPL --from 2026-01-01 --to 2026-07-01',
        'tapedeck backfill --symbols SPX,AAPL --length 1m --from 2026-06-01 \\',
        '    --to 2026-06-06 --dry-run',
        'tapedeck backfill --symbols AAPL --what trades,quotes --from 2026-06-01 \\',
        '    --to 2026-06-02',
        'tapedeck backfill --gaps --dry-run',
      ) + MORE,
    )
    .action(run)
}

async function run(given: BackfillArguments): Promise<void> {
  if (given.gaps) return runGaps(given)
  const { symbols, from, to } = given
  if (!symbols || from === undefined || to === undefined)
    throw new ConfigError('Expected --symbols, --from and --to, or --gaps to fill the gaps of the recordings.', { code: 'backfill-range' })
  return runRange(given, { symbols, from, to })
}

async function runGaps(given: BackfillArguments): Promise<void> {
  const { historyWindows } = await import('../collector/backfill/pacing.ts')
  const { findCollector } = await import('../collector/telemetry/address.ts')
  const { repairGapsOf } = await import('./backfill-gaps.ts')
  const { config } = await load(given)
  const { stop } = stopSignals()
  const windows = historyWindows()
  if (await findCollector(config.dataDir)) windows.periodRequests = BESIDE_A_COLLECTOR
  const { symbols, dryRun, withOptions, withUnseen, again } = given
  await withDatabase(given, (url) =>
    repairGapsOf(
      {
        url,
        gateway: gatewayOf(config, given),
        routeOf: (symbol) => routeOf(symbol, config),
        symbols,
        series: given.quotes ? ['trades', 'quotes'] : ['trades'],
        withOptions,
        withUnseen,
        again,
        windows,
        nowUs: Date.now() * 1000,
        dryRun,
        stop,
      },
      given,
    ),
  )
}

/** How the settings have a symbol asked for. */
function routeOf(symbol: string, { universe }: LoadedConfig['config']) {
  const own = universe.underlyings.find((one) => one.symbol === symbol)
  return { exchange: own?.exchange ?? 'SMART', primaryExchange: own?.primaryExchange }
}

async function runRange(given: BackfillArguments, { symbols, from, to }: { symbols: string[]; from: string; to: string }): Promise<void> {
  const { backfill } = await import('../collector/backfill/backfill.ts')
  const { historyWindows } = await import('../collector/backfill/pacing.ts')
  const { findCollector } = await import('../collector/telemetry/address.ts')
  const { formatBackfill } = await import('./backfill-report.ts')
  const { config } = await load(given)
  const { stop } = stopSignals()
  const windows = historyWindows()
  if (await findCollector(config.dataDir)) windows.periodRequests = BESIDE_A_COLLECTOR
  const { show: series, length: seconds, dryRun } = given
  await withDatabase(given, async (url) => {
    const status = statusLine()
    const report = await backfill({
      url,
      gateway: gatewayOf(config, given),
      what: given.what,
      wanted: symbols.map((symbol) => wantedOf(symbol, config)),
      range: { from, to, series, seconds },
      windows,
      nowUs: Date.now() * 1000,
      dryRun,
      stop,
      onProgress: (progress) => status(formatProgress(progress)),
    }).finally(() => status(undefined))
    if (given.json) printJson(report)
    else print(formatBackfill(report))
    if (report.interrupted) process.exitCode = EXIT.interrupted
    else if (report.refused.length > 0) process.exitCode = EXIT.failed
  })
}

function gatewayOf({ gateway }: LoadedConfig['config'], given: BackfillArguments): BackfillOptions['gateway'] {
  const { host, port } = given.gateway ?? gateway
  const { handshakeTimeoutMs, heartbeatMs, messagesPerSecond, lines } = gateway
  return { host, port, handshakeTimeoutMs, heartbeatMs, messagesPerSecond, lines }
}

/** How the settings describe a symbol, where they do; else a known index, an option by its OCC symbol, or a stock in US dollars. */
function wantedOf(symbol: string, config: LoadedConfig['config']): Wanted {
  const { universe } = config
  const own = universe.underlyings.find((one) => one.symbol === symbol)
  const currency = own?.currency ?? 'USD'
  const routed = routeOf(symbol, config)
  if (symbol.length === OCC_CHARACTERS) return { contract: optionOf(symbol), ...routed }
  const index = own?.kind === 'stock' ? undefined : indexNamed(symbol, currency)
  if (index) return { contract: index, ...routed }
  if (own?.kind === 'index') return { contract: { kind: 'index', symbol, currency, venue: own.exchange }, ...routed }
  return { contract: { kind: 'stock', symbol, currency }, ...routed }
}

const OCC_CHARACTERS = 21

/** Of 100 units, as all listed options but adjusted ones are. */
function optionOf(text: string): OptionContract {
  const { root, expiry, right, strike } = occSymbolOf(text)
  const index = indexClassOf(root)
  return {
    kind: 'option',
    symbol: index?.symbol ?? root,
    currency: 'USD',
    expiry,
    ...(index?.settlesAtOpening && { lastTradeDate: nyse.previousSession(expiry).date }),
    strike,
    right,
    multiplier: 100,
    tradingClass: root,
  }
}

function occSymbolOf(text: string): ReturnType<typeof parseOccSymbol> {
  try {
    return parseOccSymbol(text)
  } catch (error) {
    throw new ConfigError(`--symbols: ${messageOf(error)}`, { code: 'backfill-symbols', cause: error })
  }
}

function lengthArgument(text: string): number {
  const seconds = parseBarLength(text)
  const lengths = [...SESSION_PARTS.keys(), ...DAY_PARTS.keys()]
  if (seconds === undefined || !lengths.includes(seconds))
    throw new InvalidArgumentError(`expected a length that IB has: ${lengths.map(barLength).join(', ')}.`)
  return seconds
}

function whatArgument(text: string): Fill[] {
  const what = listArgument(text).map((name) => FILLS.find((fill) => fill === name))
  if (what.includes(undefined)) throw new InvalidArgumentError(`expected some of ${FILLS.join(', ')}, by comma.`)
  return FILLS.filter((fill) => what.includes(fill))
}

/** One line of at most 79 columns. */
function formatProgress({ done, requests, leftMs, isLeast, waits }: BackfillProgress): string {
  const left = leftMs >= 1000 ? ` ${isLeast ? '>' : ''}${Math.ceil(leftMs / 60_000)} min left` : ''
  return `${progressBar(done, requests)}${left}${waits === undefined ? '' : `, waits for ${waits}`}`.slice(0, 79)
}
