/** The options of `tapedeck gateway`. */

import { type Command, Option } from 'commander'

import { type CommonOptions, integerArgument, speedArgument } from './arguments.ts'

export interface GatewayArguments extends CommonOptions {
  tape?: string
  synthetic?: number
  seed: number
  ticksPerSecond: number
  seconds: number
  host: string
  port: number
  speed: number | 'max'
  lines: number
  startAfterLines: number
  sampling: 'on' | 'off'
  messageRate: number
  tickByTick: number
  rate?: number
  publishTime?: boolean
  once?: boolean
}

export function addGatewayOptions(command: Command): Command {
  return command
    .option('--tape <file>', 'tape to serve')
    .addOption(
      new Option('--synthetic <n>', 'serve a made-up market of n contracts instead')
        .argParser(integerArgument(1, 10_000))
        .conflicts('tape'),
    )
    .option('--seed <n>', 'which made-up market', integerArgument(0, 0x7fffffff), 1)
    .option('--ticks-per-second <n>', 'of the made-up market, in its own time', integerArgument(1, 1_000_000), 1000)
    .option('--seconds <n>', 'length of the made-up market', integerArgument(1, 23_400), 600)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for any free one', integerArgument(0, 65_535), 7497)
    .option('--speed <speed>', 'tape seconds per second, or max', speedArgument, 1)
    .option('--lines <n>', 'market-data lines that may be open, over all clients', integerArgument(1, 10_000), 100)
    .option('--start-after-lines <n>', 'tape time stands still until so many lines are open', integerArgument(0, 100_000), 1)
    .addOption(new Option('--sampling <mode>', 'merge changes as IB does').choices(['on', 'off']).default('on'))
    .option('--message-rate <n>', 'messages per second that a client may send, 0 for any number', integerArgument(0, 1_000_000), 50)
    .option('--tick-by-tick <n>', 'tick-by-tick lines that may be open at once', integerArgument(0, 10_000), 5)
    .option('--rate <rate>', 'compute option values where the tape has none, at this annual interest rate (0.05 is 5 %)', Number)
    .option('--publish-time', 'send tape time and the end of the tape to every client')
    .option('--once', 'exit when the tape is over and the last client has left')
    .hook('preAction', () => {
      const { tape, synthetic } = command.opts<GatewayArguments>()
      if (tape === undefined && synthetic === undefined)
        command.error("error: required option '--tape <file>' not specified, nor --synthetic <n>")
    })
}

/** What to serve, and how. */
export function servingOf({ synthetic: contracts, seed, ticksPerSecond, seconds, ...options }: GatewayArguments) {
  return {
    ...options,
    ...(contracts !== undefined && { synthetic: { contracts, seed, ticksPerSecond, seconds } }),
    sampling: options.sampling === 'on',
    publishTime: options.publishTime === true,
    limits: { messagesPerSecond: options.messageRate, tickByTick: options.tickByTick },
  }
}
