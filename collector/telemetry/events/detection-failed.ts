import type { EventContext } from './event.ts'

export interface DetectionFailed {
  error: unknown
}

/** Counts and logs detectors that threw. The recording goes on without them; the next session begins with new ones. */
export function detectionFailed({ log, counts }: EventContext, { error }: DetectionFailed): void {
  counts.troubles['detectors-failed']++
  log.error(
    { err: error },
    'the detectors failed and are off until the next session; nothing recorded is lost, and `tapedeck arb scan --write` finds what was open. Please report this',
  )
}
