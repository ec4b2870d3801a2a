/**
 * What a recording tells the service manager that started it: ready once it runs, then what it does, and that it is alive.
 *
 *   starting -> the first report of progress -> ready (READY=1) -> asked to stop -> stopping (STOPPING=1)
 *
 * Alive is told only from reports of progress, which come from the event loop that also takes the ticks: one that hangs falls silent and is
 * started again. A gateway or database that is away is no reason for that: nothing would be won, and the reports go on.
 */

import type { CollectProgress } from '../../collector/collect.ts'
import type { ServiceManager } from '../../system/service-manager.ts'
import { formatProgress } from '../collect-report.ts'

/** Without a watchdog only the status is told, so often. */
const STATUS_MS = 30_000
/** Of the watchdog's time: two messages may be lost. */
const PART = 3

/**
 * @param stop aborted: the recording ends
 * @param nowMs monotonic
 * @returns to be called with each progress, as often as it comes
 */
export function createServiceReport(manager: ServiceManager, stop: AbortSignal, nowMs: () => number): (progress: CollectProgress) => void {
  const everyMs = manager.watchdogMs === undefined ? STATUS_MS : manager.watchdogMs / PART
  let toldMs: number | undefined
  stop.addEventListener('abort', () => void manager.tell('STOPPING=1', 'STATUS=stopping: what is left goes to the database'))
  return (progress) => {
    if (toldMs !== undefined && nowMs() - toldMs < everyMs) return
    const alive = manager.watchdogMs === undefined ? [] : ['WATCHDOG=1']
    const state = stop.aborted ? [] : [...(toldMs === undefined ? ['READY=1'] : []), `STATUS=${formatProgress(progress)}`]
    toldMs = nowMs()
    if (alive.length + state.length > 0) void manager.tell(...state, ...alive)
  }
}
