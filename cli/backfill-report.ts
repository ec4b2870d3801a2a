/** What a backfill did, or would do, as text of at most 80 columns. */

import type { BackfillReport } from '../collector/backfill/backfill.ts'
import type { LeftOut } from '../collector/backfill/plan.ts'
import { barLength } from '../market/bar.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80
/** Lines that fit on a screen. */
const LISTED = 10

export function formatBackfill(report: BackfillReport): string {
  const { dryRun, what, contracts, series, seconds, from, to, requests, requestsAreLeast, doneBefore, leastMs } = report
  const [hasBars, hasTicks] = [what.includes('bars'), what.some((one) => one !== 'bars')]
  const table = alignColumns([
    ['Contracts', contracts],
    ...(hasBars ? [['Bars of', `${series}, ${barLength(seconds)}`]] : []),
    ...(hasTicks ? [['Ticks', what.filter((one) => one !== 'bars').join(', ')]] : []),
    ['Days', `${from} to before ${to}`],
    ['Requests', requestsAreLeast ? `${requests} at least: how many ticks take is known behind them` : requests],
    ['  needless, as finished before', doneBefore],
    ...(dryRun ? [['At least', durationText(leastMs)]] : doneRows(report, { hasBars, hasTicks })),
  ])
  const head = dryRun ? ['Nothing was asked for: this is what it takes.'] : []
  const { failure } = report.refreshed
  const notes = failure === undefined ? [] : wrapText(`Bars of ticks were not computed anew (${failure}): run tapedeck db maintain.`, WIDTH)
  const end = report.interrupted ? ['Interrupted: the same command goes on from there.'] : []
  return [...head, table, listed('Left out', report.leftOut), listed('Refused', report.refused), notes.join('\n'), ...end]
    .filter((text) => text !== '')
    .join('\n\n')
}

function doneRows(report: BackfillReport, { hasBars, hasTicks }: { hasBars: boolean; hasTicks: boolean }): [string, string | number][] {
  const { what, sent, finished, withoutData, bars, ticks } = report
  return [
    ['  sent', sent],
    ['  finished', finished],
    ['  without data', withoutData],
    ...(hasTicks
      ? what.flatMap((one): [string, number][] => (one === 'bars' ? [] : [[one === 'trades' ? 'Trades' : 'Quotes', ticks[one]]]))
      : []),
    ...(hasBars
      ? ([
          ['Bars, new', bars.new],
          ['  changed', bars.changed],
          ['  unchanged', bars.unchanged],
          ['  there from another source', bars.others],
          ['  without a price', bars.unpriced],
        ] satisfies [string, number][])
      : []),
  ]
}

export function listed(title: string, entries: readonly LeftOut[]): string {
  if (entries.length === 0) return ''
  const lines = entries.slice(0, LISTED).flatMap(({ what, reason }) => wrapText(`${what}: ${reason}`, WIDTH - 2).map((line) => `  ${line}`))
  const more = entries.length > LISTED ? [`  ... and ${entries.length - LISTED} more; --json lists all`] : []
  return [`${title}:`, ...lines, ...more].join('\n')
}

/** `0 min` is as fast as IB answers. */
export function durationText(ms: number): string {
  const minutes = Math.ceil(ms / 60_000)
  if (minutes < 1) return 'as long as IB takes to answer'
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}
