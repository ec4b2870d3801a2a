/** Progress and totals of a replay and of an export as text for a person. */

import type { ExportProgress, ExportSummary } from '../backtester/replay/export.ts'
import type { SessionSummary } from '../backtester/replay/session.ts'
import type { SessionsRead } from '../backtester/replay/sessions-read.ts'
import { isoFromUs } from '../market/time.ts'
import { alignColumns } from '../system/text-table.ts'

export function formatReplayProgress(tsUs: number, ticks: number): string {
  return `${isoFromUs(tsUs).slice(0, 19)}Z ticks ${ticks.toLocaleString('en-US')}`
}

export function formatReplaySummary(summary: SessionSummary): string {
  const { ticks, seconds } = summary
  return alignColumns([
    ...kindRows(summary),
    ['Flagged', summary.flagged],
    ['Quarantined', summary.quarantined],
    ['Instruments', summary.instruments],
    ...timeRows(summary),
    ['Ticks/s', Math.round(ticks / seconds)],
  ])
}

/** A line for a terminal: how far, where a share is known, and at what time of the tape. */
export function formatExportProgress({ ticks, totalTicks, tsUs }: ExportProgress): string {
  const share = totalTicks === undefined ? '' : `${Math.min(100, Math.floor((100 * ticks) / Math.max(1, totalTicks)))} %  `
  return `${share}${ticks.toLocaleString('en-US')} ticks  ${isoFromUs(tsUs).slice(0, 19)}Z`
}

export function formatExportSummary(summary: ExportSummary): string {
  const { ticks, seconds } = summary
  return alignColumns([
    ...kindRows(summary),
    ['Quarantined', summary.quarantined],
    ...timeRows(summary),
    ['Bytes', summary.bytes],
    ['Ticks/s', Math.round(ticks / seconds)],
  ])
}

function kindRows(
  summary: SessionsRead & Record<'ticks' | 'quotes' | 'trades' | 'greeks' | 'statistics', number>,
): [string, string | number][] {
  return [
    summary.sessionId === undefined ? ['Sessions', summary.sessions] : ['Session', String(summary.sessionId)],
    ['Ticks', summary.ticks],
    ['Quotes', summary.quotes],
    ['Trades', summary.trades],
    ['Greeks', summary.greeks],
    ['Statistics', summary.statistics],
  ]
}

/** The times of the first and the last tick; `-` where there was none. */
function timeRows({ firstTsUs, lastTsUs }: Record<'firstTsUs' | 'lastTsUs', number | undefined>): [string, string][] {
  const time = (tsUs: number | undefined) => (tsUs === undefined ? '-' : isoFromUs(tsUs))
  return [
    ['First', time(firstTsUs)],
    ['Last', time(lastTsUs)],
  ]
}
