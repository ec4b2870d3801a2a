import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface JournalUnreadable {
  directory: string
  error: unknown
}

/** Logs a folder of the journal that cannot be read at the start. */
export function journalUnreadable({ log }: EventContext, { directory, error }: JournalUnreadable): void {
  log.error(
    { directory, reason: messageOf(error) },
    'the folder of the journal cannot be read; recording begins without it, in memory if need be. Correct its permissions and start again: what it holds waits there',
  )
}
