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
  type CommonOptions,
  configFile,
  dataDir,
  examples,
  json,
  load,
  logLevel,
  type QueryArguments,
  queryOf,
  speedArgument,
} from './cli/arguments.ts'
import { addCollectOptions, type CollectArguments, collectOverrides } from './cli/collect-arguments.ts'
import { addGatewayOptions, type GatewayArguments, servingOf } from './cli/gateway-arguments.ts'
import { describeDatabase, describeDoctor, describeStatus, type MigrateArguments } from './cli/operator-commands.ts'
import type { CollectSettings } from './collector/collect.ts'
import type { DoctorSettings } from './collector/doctor/doctor.ts'
import type { LoadedConfig } from './config/load.ts'
import { createReload } from './config/reload.ts'
import type { TapedeckConfig } from './config/schema.ts'
import { stopSignals, untilAborted, wasInterrupted } from './cli/signals.ts'
import { describeTape } from './cli/tape-commands.ts'
import { event, logDestination, onUnread, print, printJson, progressBar, statusLine, writeStdout } from './cli/terminal.ts'
import { packageRoot } from './system/package-root.ts'
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

addCollectOptions(program.command('collect')).action(async (options: CollectArguments) => {
  const read = () => {
    const loaded = load(options, collectOverrides(options))
    if (loaded.config.universe.underlyings.length > 0) return loaded
    throw new ConfigError('Nothing to record: name stocks with --underlying, or in the file under universe.underlyings.', {
      code: 'no-underlyings',
    })
  }
  await runCollector(read, options)
})

const collectSettings = ({ dataDir, gateway, universe, rules, journal, database, metrics }: TapedeckConfig): CollectSettings => ({
  dataDir,
  gateway: { ...gateway, marketDataType: MARKET_DATA_TYPES[gateway.marketDataType] },
  underlyings: universe.underlyings,
  rules,
  journal: { ...journal, batchRows: database.batchRows, batchMs: database.batchMs },
  lanes: database.lanes,
  metrics: metrics === 'off' ? undefined : metrics,
})

async function runCollector(read: () => LoadedConfig, { until, json: asJson }: CollectArguments): Promise<void> {
  const { collect } = await import('./collector/collect.ts')
  const { formatProgress, formatSummary, plainProgress, plainSummary } = await import('./cli/collect-report.ts')
  const { makeDataDir } = await import('./db/embedded/cluster.ts')
  const { config, file } = read()
  const logger = await createLogger(config.log.level)
  const store = await openDatabase(config, logger)
  let reload: (() => void) | undefined
  const { stop, force } = stopSignals(file === undefined ? undefined : () => reload?.())
  const status = statusLine()
  try {
    const summary = await collect({
      settings: { ...collectSettings(config), dataDir: await makeDataDir(config.dataDir) },
      version,
      logger,
      prepareDatabase: store.prepare,
      databaseServer: store.server,
      store: store.storeBatch,
      sessions: store.sessions,
      untilEndOfTape: until === 'end-of-tape',
      stop,
      force,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      onReloadable: (apply) => {
        reload = createReload({
          started: config,
          read: () => read().config,
          apply: (next) => {
            apply(collectSettings(next))
            logger.level = next.log.level
          },
          log: logger,
        })
      },
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

// ---- status, doctor

describeStatus(program).action(async (options: CommonOptions) => {
  const { askStatus } = await import('./collector/telemetry/ask.ts')
  const { dataDir, metrics } = load(options).config
  const status = await askStatus({ dataDir, metrics: metrics === 'off' ? undefined : metrics })
  if (options.json) return printJson(status)
  const { formatStatus } = await import('./cli/status-table.ts')
  print(formatStatus(status, Date.now()))
})

describeDoctor(program).action(async (options: CommonOptions) => {
  const { examine, formatFinding } = await import('./collector/doctor/doctor.ts')
  const findings = []
  for await (const finding of examine(doctorSettings(options))) {
    findings.push(finding)
    if (!options.json) print(formatFinding(finding))
  }
  if (options.json) printJson({ findings })
  process.exitCode = findings.some(({ state }) => state === 'failed') ? 1 : 0
})

function doctorSettings(options: CommonOptions): DoctorSettings | { problem: string } {
  try {
    const { config, file } = load(options)
    const { dataDir, gateway, universe, journal, database } = config
    return {
      source: file ?? 'no configuration file; environment and defaults',
      directory: { dataDir, ...journal },
      gateway: { ...gateway, marketDataType: MARKET_DATA_TYPES[gateway.marketDataType] },
      underlying: universe.underlyings[0],
      databaseUrl: database.url,
    }
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message }
    throw error
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
    const { startGateway } = await import('./backtester/gateway/server/gateway.ts')
    const { formatGatewayProgress, formatGatewayTotals } = await import('./cli/gateway-report.ts')
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
    const query = queryOf(options)
    const { stop } = stopSignals()
    const status = statusLine()
    await withDatabase(options, async (url) => {
      const summary = await replaySession({
        url,
        query,
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
    const query = queryOf(options)
    const { stop } = stopSignals()
    const status = process.stderr.isTTY ? statusLine() : () => undefined
    await withDatabase(options, async (url) => {
      const summary = await exportSession({
        url,
        query,
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

const tape = describeTape(program)

tape.import.action(async (sources: string[], options: { out: string; date?: string; attribution?: string; json?: boolean }) => {
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

tape.info.action(async (file: string, options: { json?: boolean }) => {
  const { formatTapeInfo, tapeInfo } = await import('./db/tape/inspect.ts')
  const info = await tapeInfo(file)
  if (options.json) printJson(info)
  else print(formatTapeInfo(info))
})

tape.verify.action(async (file: string, options: { json?: boolean }) => {
  const { formatTapeVerdict, verifyTape } = await import('./db/tape/inspect.ts')
  const verdict = await verifyTape(file)
  if (options.json) printJson(verdict)
  else print(formatTapeVerdict(file, verdict))
  process.exitCode = verdict.ok ? 0 : 1
})

tape.cat.action(async (file: string, filter: object) => {
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

describeDatabase(program).migrate.action(async (direction: 'up' | 'down', { dryRun, to, yes, ...options }: MigrateArguments) => {
  const { config } = load(options)
  const database = await openDatabase(config, await createLogger('warn'))
  try {
    const lines = direction === 'up' ? await database.migrate(dryRun === true) : await database.migrateDown({ dryRun, to, loseRows: yes })
    if (!lines.some((line) => line.includes('migration')))
      print(direction === 'up' ? 'migrations: all applied' : 'migrations: none to undo')
    for (const line of lines) print(line)
  } finally {
    await database.close()
  }
})

// ---- errors

onUnread((isFault) => process.exit(isFault ? 1 : 0))
// Nobody reads the log any more: no reason to end a recording.
process.stderr.on('error', () => undefined)

try {
  await program.parseAsync()
} catch (error) {
  // A file that may not be written, a full disk: the system's own words are enough. Anything else is a bug and shows its trace.
  if (!(error instanceof TapedeckError || (error instanceof Error && 'syscall' in error))) throw error
  process.stderr.write(`tapedeck: ${error.message}\n`)
  // What only has to be waited for, as a directory that another process holds, is no wrong setting.
  if (error instanceof ConfigError && !error.retryable) process.exitCode = 2
  else process.exitCode = 'code' in error && error.code === 'export-stopped' ? 130 : 1
}
