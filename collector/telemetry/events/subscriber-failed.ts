import type { EventContext } from './event.ts'

export interface SubscriberFailed {
  error: unknown
}

/** Logs a consumer of records that threw. It gets no more records; the recording goes on. */
export function subscriberFailed({ log }: EventContext, { error }: SubscriberFailed): void {
  log.error({ err: error }, 'a consumer of the recorded stream failed and is detached; please report this')
}
