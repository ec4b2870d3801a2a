import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface JournalError {
  error: unknown
  path: string
}

/** Logs a journal that cannot be written, when that begins and when the reason changes. */
export function journalError({ log, faults }: EventContext, { error, path }: JournalError): void {
  const reason = messageOf(error)
  if (faults.begin('journal', reason))
    log.error({ reason, path }, 'the journal cannot be written; records wait in memory. Free the disk or check its permissions')
}
