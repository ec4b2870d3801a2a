/** `tapedeck replay`: plays a recorded session back. */

import { type Command, Option } from 'commander'

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
import type { JudgeArguments } from './judge.ts'
import { EXIT } from './exit-codes.ts'
import { event, print, writeStdout } from './output.ts'
import { withDatabase } from './settings.ts'
import { ConfigError } from '../market/errors.ts'
import { stopSignalsOrUnread, wasInterrupted } from './signals.ts'
import { statusLine } from './terminal.ts'

type ReplayArguments = CommonOptions & QueryArguments & JudgeArguments & { speed: number | 'max'; ndjson?: boolean; judge?: boolean }

export function addReplay(program: Command): void {
  addQueryOptions(program.command('replay'))
    .description('play a recorded session back in order')
    .addOption(configFile())
    .addOption(dataDir())
    .option('--speed <speed>', 'tape seconds per second, or max', speedArgument, 'max' as const)
    .addOption(new Option('--ndjson', 'print every tick as a line of JSON').conflicts('judge'))
    .addOption(new Option('--judge', 'judge it by the present rules, and compare').conflicts(['ndjson', 'speed']))
    .option('--tape <file>', 'with --judge: a tape file instead of a session')
    .option('--write', 'with --judge: store what is found beside what was')
    .addOption(json())
    .addHelpText(
      'after',
      `${examples(
        'tapedeck replay',
        'tapedeck replay --from 2014-06-05T13:30:00Z --symbols TWX --ndjson',
        'tapedeck replay --judge --config stricter.yaml',
        'tapedeck replay --judge --tape tapes/twx-2014-06-05.tape',
      )}\n\nExit code of --judge: 3 when verdicts differ from the recorded ones.`,
    )
    .action(replay)
}

async function replay(options: ReplayArguments): Promise<void> {
  if (options.judge) return (await import('./judge.ts')).judge(options)
  const only = options.tape !== undefined ? '--tape' : options.write ? '--write' : undefined
  if (only !== undefined) throw new ConfigError(`${only}: expected it with --judge, found no --judge.`, { code: 'judge-missing' })
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
