/** `tapedeck backfill --gaps`: fills gaps of the recordings from IB's history. */

import type { RepairOptions, RepairReport } from '../collector/backfill/repair-gaps.ts'
import { nyse } from '../market/calendar/calendar.ts'
import { ConfigError } from '../market/errors.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'
import { durationText, listed } from './backfill-report.ts'
import { EXIT } from './exit-codes.ts'
import { print, printJson } from './output.ts'
import { progressBar, statusLine } from './terminal.ts'

/** Without `from`, as far back as this. */
const DAYS = 7
const US_PER_DAY = 86_400_000_000

export interface GapsWanted {
  /** Market days, `YYYY-MM-DD`. */
  from?: string | undefined
  to?: string | undefined
  json?: boolean | undefined
}

export async function repairGapsOf(options: Omit<RepairOptions, 'range' | 'onProgress'>, { from, to, json }: GapsWanted): Promise<void> {
  const { repairGaps } = await import('../collector/backfill/repair-gaps.ts')
  const toUs = to === undefined ? options.nowUs : nyse.zone.toUs(to, 0)
  const fromUs = from === undefined ? toUs - DAYS * US_PER_DAY : nyse.zone.toUs(from, 0)
  if (fromUs >= options.nowUs) throw refused(`--from: expected a day of the past, found ${from ?? to}`)
  if (fromUs >= toUs) throw refused(`--to: expected a day after --from (${from}), found ${to}`)
  const status = statusLine()
  const report = await repairGaps({
    ...options,
    range: { fromUs, toUs },
    onProgress: ({ done, spans, waits }) =>
      status(`${progressBar(done, spans)}${waits === undefined ? '' : `, waits for ${waits}`}`.slice(0, 79)),
  }).finally(() => status(undefined))
  if (json) printJson(report)
  else print(formatRepair(report))
  if (report.interrupted) process.exitCode = EXIT.interrupted
  else if (report.refused.length > 0) process.exitCode = EXIT.failed
}

function refused(what: string): ConfigError {
  return new ConfigError(`${what}.`, { code: 'backfill-range' })
}

/** As text of at most 80 columns. */
function formatRepair(report: RepairReport): string {
  const {
    dryRun,
    gaps,
    spans,
    doneBefore,
    open,
    later,
    leastMs,
    sent,
    ticks,
    reconciledTicks,
    states,
    refused,
    interrupted,
    refreshFailure,
  } = report
  const asked: [string, string | number][] = dryRun
    ? [['At least', durationText(leastMs)]]
    : [...Object.entries(states), ['Requests', sent], ['Ticks', ticks], ['  in seconds with live ones', reconciledTicks]]
  const table = alignColumns([
    ['Gaps of contracts to fill', gaps],
    ['  as pieces of time', spans],
    ['  dealt with before', doneBefore],
    ['  not over yet', open + later],
    ...asked.map(([name, value]) => [name in states ? `  ${name}` : name, value]),
  ])
  const head = dryRun ? ['Nothing was asked for: this is what it takes, with a request for each piece.'] : []
  const notes =
    refreshFailure === undefined ? [] : wrapText(`Bars of ticks were not computed anew (${refreshFailure}): run tapedeck db maintain.`, 80)
  const end = interrupted ? ['Interrupted: the same command goes on from there.'] : []
  return [...head, table, listed('Refused', refused), notes.join('\n'), ...end].filter((text) => text !== '').join('\n\n')
}
