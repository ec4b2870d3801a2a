import { isoFromUs } from '../../../market/time.ts'
import type { EventContext } from './event.ts'

export interface RecordsLost {
  sessionId: number
  records: number
  fromTsUs: number
  toTsUs: number
  cause: string
}

/** Counts and logs records of an earlier session that damage to the journal has taken. */
export function recordsLost({ log, counts }: EventContext, { sessionId, records, fromTsUs, toTsUs, cause }: RecordsLost): void {
  counts.troubles['records-lost']++
  counts.recovered.lost += records
  const times = { from: isoFromUs(fromTsUs), to: isoFromUs(toTsUs) }
  log.error({ sessionId, records, cause, ...times }, 'records of an earlier session are lost; a gap names their time')
}
