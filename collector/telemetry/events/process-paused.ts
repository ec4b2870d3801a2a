import type { EventContext } from './event.ts'

export interface ProcessPaused {
  pausedMs: number
  /** The whole machine slept; else only the process was stopped, or its loop was held up. */
  machineSlept: boolean
}

/** Counts and logs that this process did not run for a while. */
export function processPaused({ log, counts }: EventContext, { pausedMs, machineSlept }: ProcessPaused): void {
  counts.troubles['process-paused']++
  const what = machineSlept ? 'the machine slept' : 'this process did not run'
  log.warn({ pausedMs: Math.round(pausedMs) }, `${what} for a while; a gap names the time, and what arrived meanwhile is stamped late`)
}
