import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface BlocksDamaged {
  path: string
  reason: string
  sessionId: number
  batchNo: number
  ticks: number
  records: number
  fromTsUs: number
  toTsUs: number
}

/** Counts and logs ticks of the running session that cannot be read back from the journal. */
export function blocksDamaged({ log, counts }: EventContext, { fromTsUs, toTsUs, ...place }: BlocksDamaged): void {
  counts.troubles['journal-damaged']++
  const times = { from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs) }
  log.error({ ...place, ...times }, 'ticks are lost: the journal cannot be read back whole; a gap names their time')
}
