import type { EventContext } from './event.ts'

export interface ListenerError {
  error: unknown
}

/** Counts and logs a message of the gateway that a listener could not take: data is lost, and the program is wrong. */
export function listenerError({ log, counts }: EventContext, { error }: ListenerError): void {
  counts.troubles['listener-failed']++
  log.error({ err: error }, 'a message of the gateway could not be read')
}
