/** `tapedeck replay`: plays a recorded session back. */

import type { Command } from 'commander'

import {
  addQueryOptions,
  type CommonOptions,
  configFile,
  dataDir,
  examples,
  json,
  type QueryArguments,
  queryOf,
  speedArgument,
} from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { event, print, writeStdout } from './output.ts'
import { withDatabase } from './settings.ts'
import { stopSignalsOrUnread, wasInterrupted } from './signals.ts'
import { statusLine } from './terminal.ts'

type ReplayArguments = CommonOptions & QueryArguments & { speed: number | 'max'; ndjson?: boolean }

export function addReplay(program: Command): void {
  addQueryOptions(program.command('replay'))
    .description('play a recorded session back in order')
    .addOption(configFile())
    .addOption(dataDir())
    .option('--speed <speed>', 'tape seconds per second, or max', speedArgument, 'max' as const)
    .option('--ndjson', 'print every tick as a line of JSON')
    .addOption(json())
    .addHelpText('after', examples('tapedeck replay', 'tapedeck replay --from 2014-06-05T13:30:00Z --symbols TWX --ndjson'))
    .action(replay)
}

async function replay(options: ReplayArguments): Promise<void> {
  const { replaySession } = await import('../backtester/replay/session.ts')
  const { formatReplayProgress, formatReplaySummary } = await import('./replay-report.ts')
  const query = queryOf(options)
  const { stop } = stopSignalsOrUnread()
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
    if (wasInterrupted(stop)) process.exitCode = EXIT.interrupted
    if (options.ndjson) return
    if (options.json) event('summary', summary)
    else print(formatReplaySummary(summary))
  })
}
