import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface GapNamed {
  fromTsUs: number
  toTsUs: number
  cause: string
}

/** Counts and logs time without data that should have had some. */
export function gapNamed({ log, counts, gapLines }: EventContext, { fromTsUs, toTsUs, cause }: GapNamed): void {
  counts.gaps++
  const gap = { from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause }
  const leftOut = gapLines.take(performance.now())
  if (leftOut === undefined) log.debug(gap, 'a gap in the recording, one of many')
  else log.warn({ ...gap, ...(leftOut > 0 && { leftOut }) }, 'a gap in the recording')
}
