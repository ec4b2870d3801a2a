import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface CarryUnread {
  error: unknown
}

/** Logs that the database did not say what it knows of rates and dividends, when that begins and when the reason changes. */
export function carryUnread({ log, faults }: EventContext, { error }: CarryUnread): void {
  const reason = messageOf(error)
  if (faults.begin('carry', reason))
    log.warn(
      { reason },
      'rates and dividends could not be read from the database; they are read again with the next session or within an hour',
    )
}
