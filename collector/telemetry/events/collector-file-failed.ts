import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface CollectorFileFailed {
  error: unknown
  path: string
}

/** Logs that the file which tells this collector from others cannot be read or written. */
export function collectorFileFailed({ log }: EventContext, { error, path }: CollectorFileFailed): void {
  log.warn({ reason: messageOf(error), path }, 'the file that tells this collector from others cannot be used; it is tried again')
}
