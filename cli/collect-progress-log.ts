/**
 * Progress of a recording as lines of the log, for a service that has no terminal. The log itself says when the connection is made and
 * when a chain is discovered; these lines say how many lines are open, and once a minute how the recording does.
 *
 *   unsettled -> every line has its answer -> settled (a line) -> the link is lost or lines are asked for -> unsettled (a line every 10 s)
 */

import type { Logger } from 'pino'

import type { CollectProgress } from '../collector/collect.ts'
import { isConnected } from '../collector/ib/link/connection.ts'
import type { LineCounts } from '../collector/lines/line.ts'
import { droppedTotal } from '../collector/telemetry/counts.ts'

const OPENING_MS = 10_000
const SUMMARY_MS = 60_000

/**
 * @param nowMs monotonic
 * @returns to be called with each progress, as often as it comes
 */
export function createProgressLog(log: Pick<Logger, 'info'>, nowMs: () => number): (progress: CollectProgress) => void {
  let summary = { atMs: nowMs(), received: 0 }
  /** How many lines were wanted when every one had its answer; undefined while some have none. */
  let settled: number | undefined
  let unsettledMs = nowMs()
  /** What was said last; forgotten with the link. */
  let said = ''

  function lines({ feed, marketData, counts: { lines: open }, linesWanted: wanted }: CollectProgress, atMs: number): void {
    if (!isConnected(feed)) said = ''
    if (!isConnected(feed) || wanted === 0 || unanswered(marketData) > 0) {
      if (settled !== undefined || !isConnected(feed)) unsettledMs = atMs
      settled = undefined
      if (atMs - unsettledMs < OPENING_MS || wanted === 0) return
      unsettledMs = atMs
      say(`opening market-data lines: ${open} of ${wanted} open`, { open, wanted })
    } else if (settled !== wanted) {
      // Also where the lines of a chain were asked for and answered between two reports.
      settled = wanted
      say(open === wanted ? `all ${wanted} market-data lines are open` : `${open} of ${wanted} market-data lines are open`, {
        open,
        wanted,
      })
    }
  }

  /** A line that is never answered, or asked for again every minute, must not fill the log. */
  function say(message: string, details: object): void {
    if (message !== said) log.info(details, message)
    said = message
  }

  return (progress) => {
    const atMs = nowMs()
    lines(progress, atMs)
    const elapsedMs = atMs - summary.atMs
    if (elapsedMs < SUMMARY_MS) return
    const { counts, feed, linesWanted, lagMs } = progress
    log.info(
      {
        ticksPerSecond: Math.round(((counts.received - summary.received) * 1000) / elapsedMs),
        lines: `${counts.lines}/${linesWanted}`,
        lagMs: Math.round(lagMs),
        received: counts.received,
        written: counts.written,
        inFlight: counts.inFlight,
        dropped: droppedTotal(counts),
        gaps: counts.gaps,
      },
      isConnected(feed) ? 'recording' : 'not recording: not connected to the gateway',
    )
    summary = { atMs, received: counts.received }
  }
}

const unanswered = ({ queued, asked }: LineCounts) => queued + asked
