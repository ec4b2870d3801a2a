import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface ActivityUnread {
  error: unknown
}

/** Logs that the database did not say what it knows of the open interest and volume of options, when that begins and when the reason changes. */
export function activityUnread({ log, faults }: EventContext, { error }: ActivityUnread): void {
  const reason = messageOf(error)
  if (faults.begin('activity', reason))
    log.warn({ reason }, 'open interest and volume of options could not be read from the database; they are read again within a minute')
}
