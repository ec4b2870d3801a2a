import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface AddressUnknown {
  error: unknown
}

/** Logs that the address of the pages cannot be written down. */
export function addressUnknown({ log }: EventContext, { error }: AddressUnknown): void {
  log.warn({ reason: messageOf(error) }, 'where this collector answers cannot be written down; `tapedeck status` may need its port')
}
