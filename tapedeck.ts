/**
 * The front door: parses the command line, reads the configuration, hands each room its slice, prints what comes back and sets the
 * exit code. 0: done, or stopped in order. 1: failed, or something was lost. 2: a setting or an argument is wrong. 130: interrupted
 * before the work was done. Rooms are loaded when they are needed.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Command, Option } from 'commander'

import {
  addQueryOptions,
  type CollectArguments,
  type CommonOptions,
  collectOverrides,
  configFile,
  dataDir,
  examples,
  hostPortArgument,
  integerArgument,
  json,
  kindsArgument,
  listArgument,
  load,
  logLevel,
  metricsPortArgument,
  type QueryArguments,
  queryOf,
  speedArgument,
  timeArgument,
} from './config/arguments.ts'
import { addGatewayOptions, type GatewayArguments, servingOf } from './config/gateway-arguments.ts'
import type { TapedeckConfig } from './config/schema.ts'
import { stopSignals, untilAborted, wasInterrupted } from './config/signals.ts'
import { event, logDestination, onUnread, print, printJson, progressBar, statusLine, writeStdout } from './config/terminal.ts'
import { packageRoot } from './db/package-root.ts'
import { ConfigError, TapedeckError } from './market/errors.ts'

const root = packageRoot()
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const SHIPPED_TAPE = join(root, 'tapes', 'twx-2014-06-05.tape')
const SHIPPED_INSTRUMENTS = 185
const MARKET_DATA_TYPES = { live: 1, frozen: 2, delayed: 3, 'delayed-frozen': 4 }
/** How long the end of a recording waits for the database; the rest stays in the journal. */
const DRAIN_TIMEOUT_MS = 30_000
const PROGRESS_MS = 250
const EXIT_CODES =
  '\n\nExit codes: 0 done, 1 failed or lost something, 2 wrong setting or argument,\n130 interrupted before the work was done.'

// ---- what several commands share

async function createLogger(level: string) {
  const { pino } = await import('pino')
  return pino({ level, base: null }, logDestination)
}

async function openDatabase(config: TapedeckConfig, logger: Awaited<ReturnType<typeof createLogger>>) {
  const { openDatabase } = await import('./db/open.ts')
  return openDatabase({ config, logger })
}

/** Runs `use` on the database of the settings, brought to this version. */
async function withDatabase(options: CommonOptions, use: (url: string) => Promise<void>): Promise<void> {
  const database = await openDatabase(load(options).config, await createLogger('warn'))
  try {
    await database.prepare()
    await use(database.url())
  } finally {
    await database.close()
  }
}

const program = new Command('tapedeck')
  .description('Records option and stock ticks from TWS / IB Gateway and plays them back.')
  .version(version)
  .showHelpAfterError('(add --help for usage)')
  .configureHelp({ helpWidth: 80 })
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tapedeck: ')) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .addHelpText('after', examples('tapedeck demo', 'tapedeck collect --underlying AAPL,TWX', 'tapedeck replay --ndjson') + EXIT_CODES)

// ---- demo

program
  .command('demo')
  .description('record the shipped trading day from a replay gateway and read it back')
  .addOption(dataDir())
  .addHelpText('after', examples('tapedeck demo', 'tapedeck demo --data-dir /tmp/tapedeck-demo'))
  .action(async (options: CommonOptions) => {
    const { demo } = await import('./backtester/demo/demo.ts')
    const outcome = await demo({
      command: [process.execPath, join(root, 'dist', 'tapedeck.js')],
      tape: SHIPPED_TAPE,
      instruments: SHIPPED_INSTRUMENTS,
      dataDir: options.dataDir,
      status: statusLine(),
      print,
      ...stopSignals(),
    })
    process.exitCode = { accounted: 0, unaccounted: 1, interrupted: 130 }[outcome]
  })

// ---- collect

type CollectCommandOptions = CommonOptions & CollectArguments & { until?: string }

program
  .command('collect')
  .description('record from TWS, IB Gateway or a replay gateway until stopped')
  .addOption(configFile())
  .addOption(dataDir())
  .addOption(logLevel())
  .option('--gateway <host:port>', 'where TWS or IB Gateway listens', hostPortArgument)
  .option('--client-id <n>', 'API client id, not 0', integerArgument(1, 999_999))
  .addOption(new Option('--clock <clock>', 'whose time stamps the ticks').choices(['wall', 'gateway']))
  .option('--lines <n>', 'market-data lines that may be used', integerArgument(1, 10_000))
  .option('--underlying <symbols>', 'stocks to record with their chains, by comma', listArgument)
  .option('--strikes <range>', 'all, or percent on either side of the price')
  .option('--expiry-days <n>', 'options expiring up to this many days ahead', integerArgument(0, 3650))
  .option('--metrics-port <port>', 'port of /metrics, 0 for any free one, or off', metricsPortArgument)
  .addOption(new Option('--until <moment>', 'stop by itself').choices(['end-of-tape']))
  .addOption(json())
  .addHelpText('after', examples('tapedeck collect --underlying AAPL,TWX', 'tapedeck collect --config tapedeck.yaml --gateway 4001'))
  .action(async (options: CollectCommandOptions) => {
    const { config } = load(options, collectOverrides(options))
    if (config.universe.underlyings.length === 0)
      throw new ConfigError('Nothing to record: name stocks with --underlying, or in the file under universe.underlyings.', {
        code: 'no-underlyings',
      })
    await runCollector(config, options)
  })

async function runCollector(config: TapedeckConfig, { until, json: asJson }: CollectCommandOptions): Promise<void> {
  const { collect } = await import('./collector/collect.ts')
  const { formatProgress, formatSummary, plainProgress, plainSummary } = await import('./collector/telemetry/report.ts')
  const { makeDataDir } = await import('./db/embedded/cluster.ts')
  const logger = await createLogger(config.log.level)
  const { gateway, universe, rules, journal, database, metrics } = config
  const store = await openDatabase(config, logger)
  const { stop, force } = stopSignals()
  const status = statusLine()
  try {
    const summary = await collect({
      settings: {
        dataDir: await makeDataDir(config.dataDir),
        gateway: { ...gateway, marketDataType: MARKET_DATA_TYPES[gateway.marketDataType] },
        underlyings: universe.underlyings,
        rules,
        journal: { ...journal, batchRows: database.batchRows, batchMs: database.batchMs },
        lanes: database.lanes,
        metrics: metrics === 'off' ? undefined : metrics,
      },
      version,
      logger,
      prepareDatabase: store.prepare,
      store: store.storeBatch,
      untilEndOfTape: until === 'end-of-tape',
      stop,
      force,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      onProgress: (progress) => {
        if (asJson) event('progress', plainProgress(progress))
        else if (process.stderr.isTTY) status(formatProgress(progress))
      },
    })
    status(undefined)
    if (asJson) event('summary', plainSummary(summary))
    else print(formatSummary(summary))
    process.exitCode = summary.counts.dropped.size > 0 ? 1 : 0
  } finally {
    status(undefined)
    await store.close()
  }
}

// ---- gateway

addGatewayOptions(program.command('gateway'))
  .description('serve a tape, or a made-up market, over the TWS wire protocol to any IB client')
  .addOption(logLevel())
  .addOption(json())
  .addHelpText(
    'after',
    examples(
      'tapedeck gateway --tape tapes/twx-2014-06-05.tape --port 7497 --speed 60',
      'tapedeck gateway --synthetic 1000 --ticks-per-second 20000 --lines 1000',
    ),
  )
  .action(async (options: GatewayArguments) => {
    const { startGateway } = await import('./backtester/gateway/gateway.ts')
    const { formatGatewayProgress, formatGatewayTotals } = await import('./backtester/gateway/report.ts')
    const logger = await createLogger(options.logLevel ?? (options.json ? 'warn' : 'info'))
    const { stop } = stopSignals()
    const gateway = await startGateway(servingOf(options), { log: logger })
    if (options.json) event('listening', { port: gateway.port })
    const status = statusLine()
    const ticker = process.stderr.isTTY && setInterval(() => status(formatGatewayProgress(gateway.progress)), PROGRESS_MS)
    try {
      await (options.once ? Promise.race([untilAborted(stop), gateway.ended]) : untilAborted(stop))
      const totals = await gateway.stop()
      status(undefined)
      if (options.json) event('totals', totals)
      else print(formatGatewayTotals(totals))
    } finally {
      if (ticker) clearInterval(ticker)
    }
  })

// ---- replay

type ReplayCommandOptions = CommonOptions & QueryArguments & { speed: number | 'max'; ndjson?: boolean }

addQueryOptions(program.command('replay'))
  .description('play a recorded session back in order')
  .addOption(configFile())
  .addOption(dataDir())
  .option('--speed <speed>', 'tape seconds per second, or max', speedArgument, 'max' as const)
  .option('--ndjson', 'print every tick as a line of JSON')
  .addOption(json())
  .addHelpText('after', examples('tapedeck replay', 'tapedeck replay --from 2014-06-05T13:30:00Z --symbols TWX --ndjson'))
  .action(async (options: ReplayCommandOptions) => {
    const { formatReplayProgress, formatReplaySummary, replaySession } = await import('./backtester/replay/session.ts')
    const { stop } = stopSignals()
    const status = statusLine()
    await withDatabase(options, async (url) => {
      const summary = await replaySession({
        url,
        query: queryOf(options),
        speed: options.speed,
        writeLine: options.ndjson ? writeStdout : undefined,
        onProgress: process.stderr.isTTY && !options.ndjson ? (tsUs, ticks) => status(formatReplayProgress(tsUs, ticks)) : undefined,
        signal: stop,
      }).finally(() => status(undefined))
      if (wasInterrupted(stop)) process.exitCode = 130
      if (options.ndjson) return
      if (options.json) event('summary', summary)
      else print(formatReplaySummary(summary))
    })
  })

// ---- export

type ExportCommandOptions = CommonOptions & QueryArguments & { format: 'csv' | 'ndjson'; out: string }

addQueryOptions(program.command('export'))
  .description('write the ticks of a recorded session as CSV or NDJSON')
  .addHelpText('after', examples('tapedeck export --symbols TWX --out twx.csv', 'tapedeck export --format ndjson --out -'))
  .requiredOption('--out <file>', 'file to write, or - for standard output')
  .addOption(new Option('--format <format>', 'of the lines').choices(['csv', 'ndjson']).default('csv'))
  .addOption(configFile())
  .addOption(dataDir())
  .addOption(json())
  .action(async (options: ExportCommandOptions) => {
    const { exportSession, formatExportProgress, formatExportSummary } = await import('./backtester/replay/export.ts')
    const { stop } = stopSignals()
    const status = process.stderr.isTTY ? statusLine() : () => undefined
    await withDatabase(options, async (url) => {
      const summary = await exportSession({
        url,
        query: queryOf(options),
        format: options.format,
        out: options.out === '-' ? writeStdout : options.out,
        onProgress: (progress) => status(formatExportProgress(progress)),
        signal: stop,
      })
        .catch((error: unknown) => {
          if (wasInterrupted(stop) || !stop.aborted) throw error
        })
        .finally(() => status(undefined))
      if (!summary || options.out === '-') return
      if (options.json) event('summary', summary)
      else print(formatExportSummary(summary))
    })
  })

// ---- tape

const tape = program.command('tape').description('import and look at tape files')

tape
  .command('import')
  .description('make a tape of quotes of option chains, and of quote bars, quotes and trades of stocks')
  .argument(
    '<sources...>',
    '*.csv of option quotes, <symbol>_<yyyymmdd>_<kind>.csv of a stock; kind: quote_1min, quote_tick, trade_tick; each also .gz',
  )
  .requiredOption('--out <file>', 'tape to write')
  .option('--date <yyyy-mm-dd>', 'only the rows of this day')
  .option('--attribution <text>', "whose data it is and under which terms; kept in the tape's header")
  .addOption(json())
  .addHelpText('after', examples('tapedeck tape import ibm_20131007_trade_tick.csv.gz --out ibm.tape'))
  .action(async (sources: string[], options: { out: string; date?: string; attribution?: string; json?: boolean }) => {
    const { formatImportSummary, importTape } = await import('./db/tape/importers/import-tape.ts')
    const status = statusLine()
    const { out, date, attribution } = options
    const summary = await importTape({
      sources,
      out,
      ...(date !== undefined && { date }),
      ...(attribution !== undefined && { attribution }),
      onProgress: ({ bytes, totalBytes }) => status(progressBar(bytes, totalBytes)),
    }).finally(() => status(undefined))
    if (options.json) printJson(summary)
    else print(formatImportSummary(out, summary))
  })

tape
  .command('info')
  .description('what is on a tape')
  .argument('<file>')
  .addOption(json())
  .addHelpText('after', examples('tapedeck tape info tapes/twx-2014-06-05.tape'))
  .action(async (file: string, options: { json?: boolean }) => {
    const { formatTapeInfo, tapeInfo } = await import('./db/tape/inspect.ts')
    const info = await tapeInfo(file)
    if (options.json) printJson(info)
    else print(formatTapeInfo(info))
  })

tape
  .command('verify')
  .description('check every checksum and the order of a tape')
  .argument('<file>')
  .addOption(json())
  .addHelpText('after', examples('tapedeck tape verify tapes/twx-2014-06-05.tape'))
  .action(async (file: string, options: { json?: boolean }) => {
    const { formatTapeVerdict, verifyTape } = await import('./db/tape/inspect.ts')
    const verdict = await verifyTape(file)
    if (options.json) printJson(verdict)
    else print(formatTapeVerdict(file, verdict))
    process.exitCode = verdict.ok ? 0 : 1
  })

tape
  .command('cat')
  .description('print the records of a tape as NDJSON')
  .argument('<file>')
  .option('--from <time>', 'first moment, UTC', timeArgument)
  .option('--to <time>', 'moment before which to end, UTC', timeArgument)
  .option('--symbols <symbols>', 'only these stocks and their options, by comma', listArgument)
  .option('--kinds <kinds>', 'only these kinds of records, by comma', kindsArgument)
  .option('--limit <n>', 'at most so many records', integerArgument(1, Number.MAX_SAFE_INTEGER))
  .addHelpText('after', examples('tapedeck tape cat tapes/twx-2014-06-05.tape --symbols TWX --limit 3'))
  .action(async (file: string, filter: object) => {
    const { catTape } = await import('./db/tape/inspect.ts')
    for await (const line of catTape(file, filter)) await writeStdout(`${JSON.stringify(line)}\n`)
  })

// ---- config

const config = program.command('config').description('check and show the settings')

config
  .command('check')
  .description('name every problem of the configuration')
  .addOption(configFile())
  .addHelpText('after', examples('tapedeck config check --config tapedeck.yaml'))
  .action((options: CommonOptions) => {
    const { file } = load(options)
    print(`${file ?? 'No configuration file; environment and defaults'}: ok`)
  })

config
  .command('show')
  .description('the settings in force and where each comes from')
  .addOption(configFile())
  .addOption(json())
  .addHelpText('after', examples('tapedeck config show', 'tapedeck config show --json'))
  .action(async (options: CommonOptions) => {
    const { describeConfig, formatSettings } = await import('./config/describe.ts')
    const settings = describeConfig(load(options))
    if (options.json) printJson(settings)
    else print(formatSettings(settings))
  })

config
  .command('schema')
  .description('the JSON schema of the configuration file, for editors')
  .addHelpText('after', examples('tapedeck config schema > tapedeck.schema.json'))
  .action(async () => {
    const { formatConfigSchema } = await import('./config/json-schema.ts')
    print(formatConfigSchema().trimEnd())
  })

// ---- db

const db = program.command('db').description('look after the database')

db.command('migrate')
  .description('bring the database to this version: tables, then hypertables where the server has them')
  .addOption(configFile())
  .addOption(dataDir())
  .option('--dry-run', 'only print what would be done')
  .addHelpText('after', examples('tapedeck db migrate --dry-run', 'tapedeck db migrate'))
  .action(async (options: CommonOptions & { dryRun?: boolean }) => {
    const { config } = load(options)
    const database = await openDatabase(config, await createLogger('warn'))
    try {
      const lines = await database.migrate(options.dryRun === true)
      if (!lines.some((line) => line.includes('migration'))) print('migrations: all applied')
      for (const line of lines) print(line)
    } finally {
      await database.close()
    }
  })

// ---- errors

onUnread(() => process.exit(0))
// Nobody reads the log any more: no reason to end a recording.
process.stderr.on('error', () => undefined)

try {
  await program.parseAsync()
} catch (error) {
  // A file that may not be written, a full disk: the system's own words are enough. Anything else is a bug and shows its trace.
  if (!(error instanceof TapedeckError || (error instanceof Error && 'syscall' in error))) throw error
  process.stderr.write(`tapedeck: ${error.message}\n`)
  if (error instanceof ConfigError) process.exitCode = 2
  else process.exitCode = 'code' in error && error.code === 'export-stopped' ? 130 : 1
}
