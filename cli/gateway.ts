/** `tapedeck gateway`: serves a tape, a recorded session, or a made-up market, in place of TWS. */

import { type Command, Option } from 'commander'

import type { FaultScript } from '../backtester/gateway/faults/script.ts'
import type { GatewayOptions, GatewayProgress, GatewayTotals } from '../backtester/gateway/server/gateway.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns, shortNumber } from '../system/text-table.ts'
import {
  addLiveOnly,
  addRangeOptions,
  type CommonOptions,
  configFile,
  dataDir,
  examples,
  integerArgument,
  json,
  logLevel,
  type QueryArguments,
  queryOf,
  sessionArgument,
  speedArgument,
} from './arguments.ts'
import { createLogger } from './logger.ts'
import { event, print } from './output.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignalsOrUnread, untilAborted } from './signals.ts'
import { statusLine } from './terminal.ts'

const PROGRESS_MS = 250

interface GatewayArguments extends CommonOptions, Omit<QueryArguments, 'session' | 'includeQuarantined'> {
  tape?: string
  session?: QueryArguments['session']
  synthetic?: number
  seed: number
  ticksPerSecond: number
  seconds: number
  mispricings?: boolean
  host: string
  port: number
  speed: number | 'max'
  lines: number
  startAfterLines: number
  sampling: 'on' | 'off'
  messageRate: number
  tickByTick: number
  rate?: number | 'off'
  accountCash: number
  publishTime?: boolean
  once?: boolean
  faults?: string
}

export function addGateway(program: Command): void {
  const command = addLiveOnly(addRangeOptions(program.command('gateway')))
    .description('serve a tape, a recorded session, or a made-up market over the TWS wire protocol to any IB client')
    .option('--tape <file>', 'tape to serve')
    .addOption(
      new Option('--session <id>', 'recorded session to serve instead, latest, or all').argParser(sessionArgument).conflicts('tape'),
    )
    .addOption(
      new Option('--synthetic <n>', 'serve a made-up market of n contracts instead')
        .argParser(integerArgument(1, 10_000))
        .conflicts(['tape', 'session']),
    )
    .option('--seed <n>', 'which made-up market', integerArgument(0, 0x7fffffff), 1)
    .option('--ticks-per-second <n>', 'of the made-up market, in its own time', integerArgument(1, 1_000_000), 1000)
    .option('--seconds <n>', 'length of the made-up market', integerArgument(1, 23_400), 600)
    .addOption(
      new Option('--mispricings', 'break relations of the made-up market now and then, for detectors of arbitrage').conflicts([
        'tape',
        'session',
      ]),
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for any free one', integerArgument(0, 65_535), 7497)
    .option('--speed <speed>', 'tape seconds per second, or max', speedArgument, 1)
    .option('--lines <n>', 'market-data lines that may be open, over all clients', integerArgument(1, 10_000), 100)
    .option('--start-after-lines <n>', 'tape time stands still until so many lines are open', integerArgument(0, 100_000), 1)
    .addOption(new Option('--sampling <mode>', 'merge changes as IB does').choices(['on', 'off']).default('on'))
    .option('--message-rate <n>', 'messages per second that a client may send, 0 for any number', integerArgument(0, 1_000_000), 50)
    .option('--tick-by-tick <n>', 'tick-by-tick lines that may be open at once', integerArgument(0, 10_000), 5)
    .option(
      '--rate <rate>',
      'annual interest rate of the option values computed where the tape has none (0.05 is 5 %), or off (default: carry.rate of the settings)',
      rateArgument,
    )
    .option('--account-cash <amount>', 'dollars in the account that clients are shown', Number, 1_000_000)
    .option('--publish-time', 'send tape time and the end of the tape to every client')
    .option('--once', 'exit when the tape is over and the last client has left')
    .option('--faults <file>', 'play this script of faults beside the tape: lost links, silence, restarts')
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(logLevel())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'tapedeck gateway --tape tapes/twx-2014-06-05.tape --port 7497 --speed 60',
        'tapedeck gateway --session latest --from 2014-06-05T13:30:00Z',
        'tapedeck gateway --synthetic 1000 --ticks-per-second 20000 --lines 1000',
        'tapedeck gateway --tape tapes/twx-2014-06-05.tape --faults outage.yaml',
      ),
    )
    .action(serve)
    .hook('preAction', () => {
      const { tape, session, synthetic, from, to, symbols } = command.opts<GatewayArguments>()
      if (tape === undefined && session === undefined && synthetic === undefined)
        command.error("error: required option '--tape <file>' not specified, nor --session <id>, nor --synthetic <n>")
      if (session === undefined && (from ?? to ?? symbols) !== undefined)
        command.error('error: --from, --to and --symbols select a part of a recorded session and need --session <id>')
    })
}

/** A number that is none is refused by name behind the others. */
function rateArgument(text: string): number | 'off' {
  return text === 'off' ? text : Number(text)
}

async function serve(given: GatewayArguments): Promise<void> {
  const options = { ...given, rate: given.rate ?? (await load(given)).config.carry.rate }
  const { session } = options
  if (session === undefined) return serveFrom(servingOf(options), options)
  const { openRecordSource } = await import('../db/read/record-source.ts')
  await withDatabase(options, async (url) => {
    const source = await openRecordSource({ url }, queryOf({ ...options, session }))
    await serveFrom({ ...servingOf(options), source }, options)
  })
}

async function readFaults(file: string): Promise<FaultScript> {
  const { readFaultScript } = await import('../backtester/gateway/faults/script.ts')
  return readFaultScript(file)
}

async function serveFrom(serving: GatewayOptions, options: GatewayArguments): Promise<void> {
  const { startGateway } = await import('../backtester/gateway/server/gateway.ts')
  const faults = options.faults === undefined ? undefined : await readFaults(options.faults)
  const logger = await createLogger(options.logLevel ?? (options.json ? 'warn' : 'info'))
  const { stop } = stopSignalsOrUnread()
  const gateway = await startGateway({ ...serving, faults }, { log: logger })
  if (options.json) event('listening', { port: gateway.port })
  const status = statusLine()
  const ticker = process.stderr.isTTY && setInterval(() => status(formatProgress(gateway.progress)), PROGRESS_MS)
  try {
    await (options.once ? Promise.race([untilAborted(stop), gateway.ended]) : untilAborted(stop))
    const totals = await gateway.stop()
    status(undefined)
    if (options.json) event('totals', totals)
    else print(formatTotals(totals))
  } finally {
    if (ticker) clearInterval(ticker)
  }
}

function servingOf({ synthetic: contracts, seed, ticksPerSecond, seconds, rate, ...options }: GatewayArguments): GatewayOptions {
  return {
    ...options,
    ...(typeof rate === 'number' && { rate }),
    ...(contracts !== undefined && { synthetic: { contracts, seed, ticksPerSecond, seconds } }),
    sampling: options.sampling === 'on',
    faults: undefined,
    publishTime: options.publishTime === true,
    // With published time the tape is recorded anew, and must stay what it is.
    announceTrading: options.publishTime !== true,
    limits: { messagesPerSecond: options.messageRate, tickByTick: options.tickByTick },
  }
}

/** One line of at most 79 columns. */
function formatProgress({ state, tapeUs, fraction, clients, lines }: GatewayProgress): string {
  return `${state} ${isoFromUs(tapeUs).slice(0, 19)}Z ${Math.floor(fraction * 100)} % clients ${shortNumber(clients)} lines ${shortNumber(lines)}`
}

function formatTotals(totals: GatewayTotals): string {
  return alignColumns([
    ['Tape time reached', isoFromUs(totals.tapeUs)],
    ['Clients', totals.clients],
    ['Lines opened', totals.linesOpened],
    ['Lines closed', totals.linesClosed],
    ['Changes on the tape', totals.changes],
    ['Merged by sampling', totals.merged],
    ['Not served', totals.notServed],
    ['  quarantined', totals.notServedByVerdict],
    ['Ticks served', totals.ticksServed],
    ['Messages served', totals.messagesServed],
  ])
}
