/** Progress and totals of a recording: as plain data for programs, as text for people. */

import { plainFunnel } from './funnel-report.ts'
import { alignColumns, shortNumber } from '../system/text-table.ts'
import { isoFromUs } from '../market/time.ts'
import type { CollectProgress, CollectSummary } from '../collector/collect.ts'
import { isConnected } from '../collector/ib/link/connection.ts'
import { type Counts, droppedTotal } from '../collector/telemetry/counts.ts'

export function plainProgress({ counts, ...progress }: CollectProgress): Record<string, unknown> {
  return { ...progress, ...plainCounts(counts) }
}

/** In flight says what the two counts behind it say; the metrics have what happened how often. */
function plainCounts({
  journaled: _journaled,
  settled: _settled,
  troubles: _troubles,
  databaseRefusals: _refusals,
  ...counts
}: Counts): Record<string, unknown> {
  return { ...counts, dropped: droppedTotal(counts) }
}

/** One line of at most 80 columns. */
export function formatProgress({ counts, marketTimeUs, feed, linesWanted, lagMs }: CollectProgress): string {
  const time = marketTimeUs === undefined ? 'time not known yet' : isoFromUs(marketTimeUs).slice(0, 19)
  const lines = isConnected(feed) ? `lines ${counts.lines}/${linesWanted}` : feed === 'stopped' ? 'stopped' : 'not connected'
  return (
    `${time} ${lines} ticks ${shortNumber(counts.received)} written ${shortNumber(counts.written)} ` +
    `quar ${counts.quarantined} lag ${Math.round(lagMs)}ms`
  )
}

export function plainSummary({ counts, sessionId, cause, arbitrage }: CollectSummary): Record<string, unknown> {
  return {
    sessionId,
    cause,
    ...plainCounts(counts),
    droppedByReason: Object.fromEntries(counts.dropped),
    ...(arbitrage && { arbitrage: { ...plainFunnel(arbitrage.funnel), passed: arbitrage.passed } }),
  }
}

export function formatSummary({ counts, sessionId, cause }: CollectSummary): string {
  return alignColumns([
    ['Session', String(sessionId)],
    ['Ended', cause],
    ['Messages', counts.messages],
    ['Ticks received', counts.received],
    ['Written', counts.written],
    ['Quarantined', counts.quarantined],
    ['Dropped', droppedTotal(counts)],
    ['Left in the journal', counts.inFlight],
    ['Gaps named', counts.gaps],
  ])
}
