import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface ReleaseFailed {
  error: unknown
  path: string
}

/** Logs a segment that stays where it is although the database has all of it. */
export function releaseFailed({ log }: EventContext, { error, path }: ReleaseFailed): void {
  log.warn({ reason: messageOf(error), path }, 'a journal segment could not be put away')
}
