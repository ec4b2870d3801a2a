import type { EventContext } from './event.ts'

export interface DetectionOverrun {
  /** That no detector has looked at. */
  records: number
}

/** Logs that the detectors were behind and have caught up, a few times a minute at most. */
export function detectionOverrun({ log, overrunLines }: EventContext, { records }: DetectionOverrun): void {
  const leftOut = overrunLines.take(performance.now())
  if (leftOut === undefined) return
  log.warn(
    { records, ...(leftOut > 0 && { leftOut }) },
    'the detectors were behind: records were not looked at, and episodes that were open ended with overrun; `tapedeck arb scan` finds what they missed',
  )
}
