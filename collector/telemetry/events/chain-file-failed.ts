import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface ChainFileFailed {
  error: unknown
  path: string
}

/** Logs that the file of the chains that were found today cannot be read or written. */
export function chainFileFailed({ log }: EventContext, { error, path }: ChainFileFailed): void {
  log.warn({ reason: messageOf(error), path }, 'the file of chains cannot be used; chains are searched at the next start')
}
