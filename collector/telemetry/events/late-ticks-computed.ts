import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface LateTicksComputed {
  fromUs: number
  toUs: number
  windows: number
  /** Of aggregates; 0 where none are stored. */
  pieces: number
}

/** Logs that bars of ticks which came late were computed anew, where bars are stored. */
export function lateTicksComputed({ log, faults }: EventContext, { fromUs, toUs, windows, pieces }: LateTicksComputed): void {
  faults.end('late ticks')
  if (pieces > 0)
    log.info({ from: isoFromUs(fromUs), to: isoFromUs(toUs), windows, pieces }, 'bars of ticks that came late were computed anew')
}
