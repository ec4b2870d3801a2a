import type { EventContext } from './event.ts'

export interface DetectorFailed {
  detector: string
  error: unknown
}

/** Logs a detector that threw. */
export function detectorFailed({ log }: EventContext, { detector, error }: DetectorFailed): void {
  log.error({ err: error, detector }, 'a detector failed and is off for the rest of the session; please report this')
}
