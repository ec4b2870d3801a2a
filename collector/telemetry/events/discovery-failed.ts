import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface DiscoveryFailed {
  error: unknown
}

/** Logs a discovery of chains that goes on later, when that begins and when the reason changes. */
export function discoveryFailed({ log, faults }: EventContext, { error }: DiscoveryFailed): void {
  const reason = messageOf(error)
  if (faults.begin('discovery', reason)) log.warn({ reason }, 'chain discovery was interrupted; it goes on in a moment')
}
