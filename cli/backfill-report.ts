/** What a backfill did, or would do, as text of at most 80 columns. */

import type { BackfillReport } from '../collector/backfill/backfill.ts'
import type { LeftOut } from '../collector/backfill/plan.ts'
import { barLength } from '../market/bar.ts'
import { alignColumns, wrapText } from '../system/text-table.ts'

const WIDTH = 80
/** Lines that fit on a screen. */
const LISTED = 10

export function formatBackfill(report: BackfillReport): string {
  const { dryRun, contracts, series, seconds, from, to, requests, doneBefore, leastMs, sent, finished, withoutData, bars } = report
  const asked = dryRun
    ? [['At least', durationText(leastMs)]]
    : [
        ['  sent', sent],
        ['  finished', finished],
        ['  without data', withoutData],
        ['Bars, new', bars.new],
        ['  changed', bars.changed],
        ['  unchanged', bars.unchanged],
        ['  there from another source', bars.others],
        ['  without a price', bars.unpriced],
      ]
  const table = alignColumns([
    ['Contracts', contracts],
    ['Bars of', `${series}, ${barLength(seconds)}`],
    ['Days', `${from} to before ${to}`],
    ['Requests', requests],
    ['  needless, as finished before', doneBefore],
    ...asked,
  ])
  const head = dryRun ? ['Nothing was asked for: this is what it takes.'] : []
  const end = report.interrupted ? ['Interrupted: the same command goes on from there.'] : []
  return [...head, table, listed('Left out', report.leftOut), listed('Refused', report.refused), ...end]
    .filter((text) => text !== '')
    .join('\n\n')
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
