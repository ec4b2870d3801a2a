/** `tapedeck replay --judge`: judges a recording again by the present rules, and compares. */

import type { JudgeOptions, JudgeSummary } from '../backtester/judge/judge.ts'
import { ConfigError } from '../market/errors.ts'
import { type CommonOptions, type QueryArguments, queryOf } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { event, print } from './output.ts'
import { version } from './package.ts'
import { load, withDatabase } from './settings.ts'
import { stopSignalsOrUnread, wasInterrupted } from './signals.ts'
import { progressBar, statusLine } from './terminal.ts'

export type JudgeArguments = CommonOptions & QueryArguments & { tape?: string; write?: boolean }

export async function judge(options: JudgeArguments): Promise<void> {
  const { tape, write } = options
  if (tape !== undefined && write)
    throw new ConfigError('--write: expected a session of the database, found --tape. A tape file is never written to.', {
      code: 'judge-tape-write',
    })
  const { judgeSessions, judgeTape } = await import('../backtester/judge/judge.ts')
  const { formatJudgement, plainJudgement } = await import('./judge-report.ts')
  const { loadRules } = await import('../config/own-rules.ts')
  const { config } = await load(options)
  const { sessionId, fromUs, toUs, symbols } = queryOf(options)
  const { stop } = stopSignalsOrUnread()
  const status = process.stderr.isTTY ? statusLine() : () => undefined
  const common: JudgeOptions = {
    rules: await loadRules(config.rules),
    part: { fromUs, toUs, symbols },
    onProgress: (ticks, total) => status(total === undefined ? `${ticks.toLocaleString('en-US')} records` : progressBar(ticks, total)),
    signal: stop,
  }
  const report = (summary: JudgeSummary) => {
    if (wasInterrupted(stop)) process.exitCode = EXIT.interrupted
    else if (summary.differing > 0) process.exitCode = EXIT.differs
    if (options.json) event('judgement', plainJudgement(summary))
    else print(formatJudgement(summary))
  }
  const done = () => status(undefined)
  if (tape !== undefined) report(await judgeTape(tape, common).finally(done))
  else
    await withDatabase(options, async (url) =>
      report(await judgeSessions({ ...common, url, sessionId, ...(write && { write: { version } }) }).finally(done)),
    )
}
