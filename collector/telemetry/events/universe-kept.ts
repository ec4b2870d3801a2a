import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface UniverseKept {
  error: unknown
}

/** Logs changed settings that cannot be taken over. */
export function universeKept({ log }: EventContext, { error }: UniverseKept): void {
  log.error({ reason: messageOf(error) }, 'the changed universe is not taken over; the lines stay as they are')
}
