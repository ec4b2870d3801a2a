import type { EventContext } from './event.ts'

export interface FeedDown {
  reason: string
  /** Until the next attempt. */
  retryMs: number
}

/** Counts a link that was lost or did not come up; logs it when that begins and when the reason changes. */
export function feedDown({ log, counts, faults }: EventContext, { reason, retryMs }: FeedDown): void {
  counts.reconnects++
  const level = faults.begin('feed', reason) ? 'warn' : 'debug'
  log[level]({ reason, retryMs: Math.round(retryMs) }, 'not connected to the gateway; retrying')
}
