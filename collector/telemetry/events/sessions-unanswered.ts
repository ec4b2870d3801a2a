import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface SessionsUnanswered {
  error: unknown
}

/** Logs that the database did not say which earlier sessions have no end. */
export function sessionsUnanswered({ log }: EventContext, { error }: SessionsUnanswered): void {
  log.warn({ reason: messageOf(error) }, 'the database does not say which earlier sessions have no end; the next start asks again')
}
