import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface DiscoveryFailed {
  error: unknown
}

/** Logs a discovery of chains that starts again. */
export function discoveryFailed({ log }: EventContext, { error }: DiscoveryFailed): void {
  log.warn({ reason: messageOf(error) }, 'chain discovery was interrupted; it starts again')
}
