import { messageOf, TapedeckError } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface DatabaseDown {
  /** Its message must not name the batch, or it would be another reason at each attempt. */
  error: unknown
  retryMs: number
  sessionId: number
  batchNo: number
}

/** Logs a database that does not take ticks: when that begins, and each further reason once. Lanes may fail for different ones, in turns. */
export function databaseDown({ log, faults }: EventContext, { error, retryMs, sessionId, batchNo }: DatabaseDown): void {
  const reason = messageOf(error)
  if (!faults.add('database', reason)) return
  // What no waiting mends (a wrong password, a newer schema) needs a person.
  const level = error instanceof TapedeckError && !error.retryable ? 'error' : 'warn'
  log[level]({ reason, retryMs: Math.round(retryMs), sessionId, batchNo }, 'the database does not take ticks; they wait in the journal')
}
