import { messageOf, TapedeckError } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface DatabaseDown {
  error: unknown
  retryMs: number
}

/** Logs a database that does not take ticks, when that begins and when the reason changes. */
export function databaseDown({ log, faults }: EventContext, { error, retryMs }: DatabaseDown): void {
  const reason = messageOf(error)
  // What no waiting mends (a wrong password, a newer schema) needs a person.
  const level = error instanceof TapedeckError && !error.retryable ? 'error' : 'warn'
  if (faults.begin('database', reason))
    log[level]({ reason, retryMs: Math.round(retryMs) }, 'the database does not take ticks; they wait in the journal')
}
