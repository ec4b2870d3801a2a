import type { EventContext } from './event.ts'

export interface SubscriberFailed {
  error: unknown
}

/** Counts and logs a consumer of records that threw. It gets no more records; the recording goes on. */
export function subscriberFailed({ log, counts }: EventContext, { error }: SubscriberFailed): void {
  counts.troubles['consumer-failed']++
  log.error({ err: error }, 'a consumer of the recorded stream failed and is detached; please report this')
}
