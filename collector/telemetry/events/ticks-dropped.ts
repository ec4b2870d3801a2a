import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface TicksDropped {
  fromTsUs: number
  toTsUs: number
  cause: string
  droppedTicks: number
  /** A gap on the tape names them; there is none before the time is known. */
  named: boolean
}

/** Counts and logs ticks that were dropped, once their number is known. */
export function ticksDropped({ log, counts }: EventContext, { fromTsUs, toTsUs, cause, droppedTicks, named }: TicksDropped): void {
  if (named) {
    counts.gaps++
    log.error({ from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs), cause, ticks: droppedTicks }, 'ticks were dropped; a gap names them')
  } else log.error({ cause, ticks: droppedTicks }, 'ticks were dropped before the time was known; no gap can name them')
}
