/** `tapedeck arb watch`: what the detectors of a running collector find, as it happens. */

import { setTimeout as sleep } from 'node:timers/promises'

import type { Command } from 'commander'

import { type CommonOptions, configFile, dataDir, examples, integerArgument, json } from './arguments.ts'
import { print, printJson } from './output.ts'
import { load } from './settings.ts'
import { stopSignalsOrUnread } from './signals.ts'

interface WatchArguments extends CommonOptions {
  once?: boolean
  every: number
}

/** Clears the terminal. */
const CLEAR = '\u001b[H\u001b[J'
/** Opportunities in the table when there is no terminal to say how many fit. */
const SHOWN = 10
/** Lines that an opportunity takes, and the rest of the table. */
const LINES_EACH = 4
const OTHER_LINES = 10

const MORE = `

Asks the collector that runs on the data directory, as 'tapedeck status' does.
Open ones are those with most profit, at their latest prices; closed ones the
last, at their best. With --json each look is one line.`

export function addArbWatch(arb: Command): void {
  arb
    .command('watch')
    .description('show what a running collector finds, as it happens')
    .option('--once', 'look once and end')
    .option('--every <seconds>', 'between two looks', integerArgument(1, 3600), 1)
    .addOption(configFile())
    .addOption(dataDir())
    .addOption(json())
    .addHelpText('after', examples('tapedeck arb watch', 'tapedeck arb watch --once --json') + MORE)
    .action(watch)
}

async function watch(options: WatchArguments): Promise<void> {
  const { askCollector } = await import('../collector/telemetry/ask.ts')
  const { arbitragePageSchema } = await import('../collector/detect/page.ts')
  const { formatWatch } = await import('./arb-watch-table.ts')
  const { dataDir, metrics } = (await load(options)).config
  const where = { dataDir, metrics: metrics === 'off' ? undefined : metrics }
  const { stop } = stopSignalsOrUnread()
  const { stdout } = process
  const isLive = stdout.isTTY && !options.once && !options.json
  for (;;) {
    const page = await askCollector(where, { path: '/arbitrage', schema: arbitragePageSchema })
    if (stop.aborted) return
    const most = isLive ? Math.max(1, Math.floor((stdout.rows - OTHER_LINES) / LINES_EACH / 2)) : SHOWN
    if (options.json) printJson(page)
    else print(`${isLive ? CLEAR : ''}${formatWatch(page, most)}${isLive || options.once ? '' : '\n'}`)
    if (options.once) return
    await sleep(options.every * 1000, undefined, { signal: stop }).catch(() => undefined)
    if (stop.aborted) return
  }
}
