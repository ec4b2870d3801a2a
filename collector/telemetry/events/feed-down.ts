import type { EventContext } from './event.ts'

export interface FeedDown {
  reason: string
  /** Until the next attempt. */
  retryMs: number
}

/** Counts a link that was lost or did not come up; logs it when that begins and for each reason that is new since. */
export function feedDown({ log, counts, faults }: EventContext, { reason, retryMs }: FeedDown): void {
  counts.reconnects++
  // Two reasons may alternate for hours: nothing listens, and nothing answers.
  const level = faults.add('feed', reason.replaceAll(/\d+/g, '#')) ? 'warn' : 'debug'
  log[level]({ reason, retryMs: Math.round(retryMs) }, 'not connected to the gateway; retrying')
}
