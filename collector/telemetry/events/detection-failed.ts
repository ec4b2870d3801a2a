import type { EventContext } from './event.ts'

export interface DetectionFailed {
  error: unknown
}

/** Logs detectors that threw. The recording goes on without them; the next session begins with new ones. */
export function detectionFailed({ log }: EventContext, { error }: DetectionFailed): void {
  log.error(
    { err: error },
    'the detectors failed and are off until the next session; nothing recorded is lost, and `tapedeck arb scan --write` finds what was open. Please report this',
  )
}
