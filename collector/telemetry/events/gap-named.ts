import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface GapNamed {
  fromTsUs: number
  toTsUs: number
  cause: string
}

/** Counts and logs time without data that should have had some. */
export function gapNamed({ log, counts }: EventContext, { fromTsUs, toTsUs, cause }: GapNamed): void {
  counts.gaps++
  log.warn({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause }, 'a gap in the recording')
}
