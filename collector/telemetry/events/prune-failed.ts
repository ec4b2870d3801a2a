import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface PruneFailed {
  error: unknown
}

/** Logs old segments that could not be deleted. */
export function pruneFailed({ log }: EventContext, { error }: PruneFailed): void {
  log.warn({ reason: messageOf(error) }, 'old journal segments could not be deleted')
}
