/** Whether the last records of a session are there, by what the table of sessions says of its end. */

import { isoFromUs } from '../../market/time.ts'
import type { Problem } from './problems.ts'
import type { SessionRow } from './read-session.ts'

/** What was read of the session. */
export interface ReadToEnd {
  /** Time of the last record. */
  lastTsUs: number
  hasEnd: boolean
  /** The first version kept no session records: nothing can be said of its ends. */
  keepsSessionRecords: boolean
}

/**
 * What is missing at the end, if anything. A recovery ends a crashed session with a record too. A session whose journal was lost is ended
 * without one (db/write/end-session.ts), at a time no later than its last record.
 */
export function missingEnd(
  { endedTsUs, endedCause, lastAliveTsUs }: SessionRow,
  { lastTsUs, hasEnd, keepsSessionRecords }: ReadToEnd,
): Omit<Problem, 'sessionId'> | undefined {
  if (hasEnd || !keepsSessionRecords) return undefined
  if (endedTsUs !== undefined && (endedCause !== 'crash' || endedTsUs > lastTsUs))
    return {
      kind: 'end-missing',
      tsUs: endedTsUs,
      message: `The session ended at ${isoFromUs(endedTsUs)} (${endedCause}), and the record that says so is not there: its last batches are gone.`,
    }
  if (lastAliveTsUs === undefined || lastAliveTsUs <= lastTsUs) return undefined
  const found = lastTsUs > 0 ? `the last one of ${isoFromUs(lastTsUs)}` : 'none'
  return {
    kind: 'end-missing',
    tsUs: lastAliveTsUs,
    message: `The session was alive at ${isoFromUs(lastAliveTsUs)}: expected a record of then, found ${found}: its last batches are gone.`,
  }
}
