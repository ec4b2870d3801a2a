/** `tapedeck collect`: records until stopped. */

import { type Command, Option } from 'commander'
import type { Logger } from 'pino'

import type { CollectProgress, CollectSummary } from '../collector/collect.ts'
import type { CollectSettings } from '../collector/settings.ts'
import type { ConfigOverrides, LoadedConfig } from '../config/load.ts'
import type { TapedeckConfig } from '../config/schema.ts'
import type { EpisodeEvent } from '../market/arbitrage/arbitrage.ts'
import type { Episode } from '../market/arbitrage/episode.ts'
import { ConfigError } from '../market/errors.ts'
import { indexNamed } from '../market/indices.ts'
import {
  type CommonOptions,
  configFile,
  dataDir,
  examples,
  hostPortArgument,
  integerArgument,
  json,
  listArgument,
  logLevel,
} from './arguments.ts'
import { CountedEvents } from './counted-events.ts'
import { EXIT } from './exit-codes.ts'
import { createLogger } from './logger.ts'
import { LossyOutput } from './lossy-output.ts'
import { eventLine } from './output.ts'
import { version } from './package.ts'
import { MARKET_DATA_TYPES, settingsReader } from './settings.ts'
import { stopSignals } from './signals.ts'
import { statusLine } from './terminal.ts'

interface CollectArguments extends CommonOptions {
  gateway?: { host: string; port: number }
  clientId?: number
  clock?: string
  lines?: number
  underlying?: string[]
  strikes?: string
  expiryDays?: number
  metricsPort?: number | 'off'
  until?: string
}

/** How long the end of a recording waits for the database; the rest stays in the journal. */
const DRAIN_TIMEOUT_MS = 30_000
/** How long the end waits for a reader of our output that has stalled. */
const STALLED_LIMIT_MS = 5000

const ON_SIGHUP =
  '\n\nWithout a terminal, SIGHUP reads the configuration file again: lines that stay\nwanted are not touched, and the log says what needs a restart.'

export function addCollect(program: Command): void {
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
    .option('--underlying <symbols>', 'stocks and indices to record with their chains, by comma', listArgument)
    .option('--strikes <range>', 'all, or percent on either side of the price')
    .option('--expiry-days <n>', 'options expiring up to this many days ahead', integerArgument(0, 3650))
    .option('--metrics-port <port>', 'port of /metrics, 0 for any free one, or off', metricsPortArgument)
    .addOption(new Option('--until <moment>', 'stop by itself').choices(['end-of-tape']))
    .addOption(json())
    .addHelpText(
      'after',
      `${examples('tapedeck collect --underlying AAPL,TWX', 'tapedeck collect --config tapedeck.yaml --gateway 4001')}${ON_SIGHUP}`,
    )
    .action(async (options: CollectArguments) => {
      const load = await settingsReader()
      const read = () => {
        const loaded = load(options, collectOverrides(options))
        if (loaded.config.universe.underlyings.length > 0) return loaded
        throw new ConfigError('Nothing to record: name stocks with --underlying, or in the file under universe.underlyings.', {
          code: 'no-underlyings',
        })
      }
      return record(read, options)
    })
}

/** The settings that options of the command line set. */
function collectOverrides(options: CollectArguments): ConfigOverrides {
  const { gateway, clientId, clock, lines, underlying, strikes, expiryDays, metricsPort } = options
  const percent = Number(strikes)
  return {
    gateway: {
      ...gateway,
      ...(clientId !== undefined && { clientId }),
      ...(clock !== undefined && { clock }),
      ...(lines !== undefined && { lines }),
    },
    universe: {
      ...(underlying && { underlyings: underlying.map(underlyingNamed) }),
      ...(strikes !== undefined && { strikes: Number.isFinite(percent) ? { rangePercent: percent } : strikes }),
      ...(expiryDays !== undefined && { expiryDays }),
    },
    ...(metricsPort !== undefined && { metrics: metricsPort === 'off' ? 'off' : { port: metricsPort } }),
  }
}

/** A ticker that is known as that of an index is no stock's. */
function underlyingNamed(symbol: string): { symbol: string; kind?: 'index' } {
  return indexNamed(symbol, 'USD') ? { symbol, kind: 'index' } : { symbol }
}

function metricsPortArgument(text: string): number | 'off' {
  return text === 'off' ? text : integerArgument(0, 65_535)(text)
}

async function collectSettings({
  dataDir,
  gateway,
  universe,
  lines,
  repair,
  rules,
  carry,
  arbitrage,
  webhook,
  journal,
  database,
  metrics,
}: TapedeckConfig): Promise<CollectSettings> {
  const { loadRules } = await import('../config/own-rules.ts')
  const { connectionsOf } = await import('../config/connections.ts')
  return {
    dataDir,
    gateway: { ...gateway, others: connectionsOf(gateway).slice(1), marketDataType: MARKET_DATA_TYPES[gateway.marketDataType] },
    underlyings: universe.underlyings,
    linePlan: linePlan(lines),
    repair: autoRepair(repair, gateway),
    rules: await loadRules(rules),
    carry,
    detect: arbitrage.enabled ? { arbitrage, webhook: webhook === 'off' ? undefined : webhook } : undefined,
    journal: { ...journal, batchRows: database.batchRows, batchMs: database.batchMs },
    lanes: database.lanes,
    metrics: metrics === 'off' ? undefined : metrics,
  }
}

/** A tape that is replayed has what its recording lacks. */
function autoRepair({ gaps, requests }: TapedeckConfig['repair'], { clock }: TapedeckConfig['gateway']): CollectSettings['repair'] {
  const isOn = gaps === 'auto' ? clock === 'wall' : gaps === 'on'
  return isOn ? { requests } : undefined
}

function linePlan({ rotation, coreStrikes, corePercent, minimumHoldSeconds, seenEveryMinutes }: TapedeckConfig['lines']) {
  if (rotation === 'off') return undefined
  return { coreStrikes, corePercent, minimumHoldMs: minimumHoldSeconds * 1000, seenEveryMs: seenEveryMinutes * 60_000 }
}

async function record(read: () => LoadedConfig, { until, json: asJson }: CollectArguments): Promise<void> {
  const { collect } = await import('../collector/collect.ts')
  const { createReload } = await import('../config/reload.ts')
  const { makeDataDir } = await import('../db/embedded/cluster.ts')
  const { openDatabase } = await import('../db/open.ts')
  const { config, file } = read()
  const settings = await collectSettings(config)
  const logger = await createLogger(config.log.level)
  await warnOfSettings(config, logger)
  const report = await reporter(logger, asJson === true)
  const store = openDatabase({ config, logger })
  let reload: (() => Promise<void>) | undefined
  const { stop, force } = stopSignals(file === undefined ? undefined : () => void reload?.())
  const tellManager = await managerReport(logger, stop)
  try {
    const summary = await collect({
      settings: { ...settings, dataDir: await makeDataDir(config.dataDir) },
      version,
      logger,
      prepareDatabase: store.prepare,
      databaseServer: store.server,
      databaseUrl: store.url,
      store: store.storeBatch,
      refreshTouched: store.refreshTouched,
      sessions: store.sessions,
      carry: store.carry,
      activity: store.activity,
      derived: store.derived,
      missingRows: store.missingRows,
      storageJobs: store.storageJobs,
      // This process was started in order to record.
      startedMs: 0,
      untilEndOfTape: until === 'end-of-tape',
      stop,
      force,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      onReloadable: (apply) => {
        reload = createReload({
          started: config,
          read: () => read().config,
          apply: async (next) => {
            await warnOfSettings(next, logger)
            apply(await collectSettings(next))
            logger.level = next.log.level
          },
          log: logger,
        })
      },
      onProgress: (progress) => {
        report.progress(progress)
        tellManager?.(progress)
      },
      onEpisode: report.episode,
    })
    report.summary(summary)
    process.exitCode = summary.counts.dropped.size > 0 ? EXIT.failed : EXIT.done
  } finally {
    report.clear()
    await store.close()
    leaveStalledReaders()
  }
}

/** What cannot do what it seems to be for is recorded all the same. */
async function warnOfSettings(config: TapedeckConfig, logger: Logger): Promise<void> {
  const { configWarnings } = await import('../config/warnings.ts')
  const { nyse } = await import('../market/calendar/calendar.ts')
  for (const warning of configWarnings(config, nyse.zone.dateOf(Date.now() * 1000))) logger.warn({}, warning)
}

/** Undefined when no service manager waits to hear how the recording is doing. */
async function managerReport(logger: Logger, stop: AbortSignal): Promise<((progress: CollectProgress) => void) | undefined> {
  const { serviceManager } = await import('../system/service-manager.ts')
  const manager = serviceManager({
    env: process.env,
    pid: process.pid,
    onError: (error) =>
      logger.warn({ reason: error.message }, 'systemd cannot be told how the recording is doing; is systemd-notify on the PATH?'),
  })
  if (!manager) return undefined
  const { createServiceReport } = await import('./service/report.ts')
  return createServiceReport(manager, stop, () => performance.now())
}

/** What a reader does not take must not keep the process from ending. */
function leaveStalledReaders(): void {
  const { stdout, stderr } = process
  setTimeout(() => {
    if (stdout.writableLength + stderr.writableLength > 0) process.exit()
  }, STALLED_LIMIT_MS).unref()
}

/** Reports as events to a program, as a status line to a person, or else in the log. A reader that goes away or stalls misses the report. */
async function reporter(logger: Logger, asJson: boolean) {
  const { createProgressLog } = await import('./collect-progress-log.ts')
  const { formatProgress, formatSummary, plainProgress, plainSummary } = await import('./collect-report.ts')
  const { episodeView } = await import('../collector/detect/page.ts')
  const stdout = new LossyOutput(process.stdout, (error) =>
    logger.warn(
      { reason: error.message },
      'standard output is not written any more: its reader is gone or its disk is full. The recording is not affected',
    ),
  )
  const opportunities = new CountedEvents(stdout, 'opportunity')
  const status = process.stderr.isTTY ? statusLine() : undefined
  const log = createProgressLog(logger, () => performance.now())
  return {
    progress: (progress: CollectProgress) => {
      if (asJson) stdout.offer(eventLine('progress', plainProgress(progress)))
      else if (status) status(formatProgress(progress))
      else log(progress)
    },
    /** To programs only: a table of what is open is what `tapedeck arb watch` shows. */
    episode: (change: EpisodeEvent, episode: Episode) => {
      if (asJson && change !== 'changed') opportunities.write({ change, ...episodeView(episode) })
    },
    clear: () => status?.(undefined),
    summary: (summary: CollectSummary) => {
      status?.(undefined)
      opportunities.tellMissed()
      const text = asJson ? eventLine('summary', plainSummary(summary)) : `${formatSummary(summary)}\n`
      stdout.offer(text, Number.POSITIVE_INFINITY)
    },
  }
}
