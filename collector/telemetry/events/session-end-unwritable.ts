import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface SessionEndUnwritable {
  sessionId: number
  error: unknown
}

/** Logs an earlier session whose end cannot be put into its journal. */
export function sessionEndUnwritable({ log }: EventContext, { sessionId, error }: SessionEndUnwritable): void {
  log.warn(
    { sessionId, reason: messageOf(error) },
    'the end of an earlier session cannot be written into its journal; its segments stay for the next start',
  )
}
