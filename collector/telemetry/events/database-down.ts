import { hasSqlState } from '../../../db/sqlstates.ts'
import { messageOf, TapedeckError } from '../../../market/errors.ts'
import type { DatabaseRefusal } from '../counts.ts'
import type { EventContext } from './event.ts'

export interface DatabaseDown {
  /** Its message must not name the batch, or it would be another reason at each attempt. */
  error: unknown
  retryMs: number
  sessionId: number
  batchNo: number
}

/** Counts each attempt that failed, and logs a database that does not take ticks: when that begins, and each further reason once. Lanes may fail for different ones, in turns. */
export function databaseDown({ log, counts, faults }: EventContext, { error, retryMs, sessionId, batchNo }: DatabaseDown): void {
  counts.databaseRefusals[refusalOf(error)]++
  const reason = messageOf(error)
  if (!faults.add('database', reason)) return
  // What no waiting mends (a wrong password, a newer schema) needs a person.
  const level = error instanceof TapedeckError && !error.retryable ? 'error' : 'warn'
  log[level]({ reason, retryMs: Math.round(retryMs), sessionId, batchNo }, 'the database does not take ticks; they wait in the journal')
}

const DISK_FULL = '53100'

function refusalOf(error: unknown): DatabaseRefusal {
  if (!(error instanceof TapedeckError)) return 'busy'
  if (hasSqlState(error.cause, DISK_FULL)) return 'disk-full'
  if (error.code === 'database-unreachable') return 'unreachable'
  return error.retryable ? 'busy' : 'refused'
}
