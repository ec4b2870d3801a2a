import type { EventContext } from './event.ts'

export interface DetectorFailed {
  detector: string
  error: unknown
}

/** Counts and logs a detector that threw. */
export function detectorFailed({ log, counts }: EventContext, { detector, error }: DetectorFailed): void {
  counts.troubles['detector-failed']++
  log.error({ err: error, detector }, 'a detector failed and is off for the rest of the session; please report this')
}
