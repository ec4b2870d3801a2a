import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface LinesSilent {
  lines: number
  sinceUs: number
  /** No line has data. */
  all: boolean
}

/** Logs lines that had no data for so long that they are taken for dead and asked for again. */
export function linesSilent({ log }: EventContext, { lines, sinceUs, all }: LinesSilent): void {
  const what = all
    ? 'no market data on any line; all are requested again'
    : 'some lines have no market data though others have; they are requested again'
  log.warn({ lines, since: isoFromUs(sinceUs) }, what)
}
