/** The options of `tapedeck collect`, and the settings that they stand for. */

import { type Command, Option } from 'commander'

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
import type { ConfigOverrides } from '../config/load.ts'

export interface CollectArguments extends CommonOptions {
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

const ON_SIGHUP =
  '\n\nWithout a terminal, SIGHUP reads the configuration file again: lines that stay\nwanted are not touched, and the log says what needs a restart.'

export function addCollectOptions(command: Command): Command {
  return command
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
    .addHelpText(
      'after',
      `${examples('tapedeck collect --underlying AAPL,TWX', 'tapedeck collect --config tapedeck.yaml --gateway 4001')}${ON_SIGHUP}`,
    )
}

/** Those of the options that stand for settings. */
export function collectOverrides(options: CollectArguments): ConfigOverrides {
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
      ...(underlying && { underlyings: underlying.map((symbol) => ({ symbol })) }),
      ...(strikes !== undefined && { strikes: Number.isFinite(percent) ? { rangePercent: percent } : strikes }),
      ...(expiryDays !== undefined && { expiryDays }),
    },
    ...(metricsPort !== undefined && { metrics: metricsPort === 'off' ? 'off' : { port: metricsPort } }),
  }
}

function metricsPortArgument(text: string): number | 'off' {
  return text === 'off' ? text : integerArgument(0, 65_535)(text)
}
