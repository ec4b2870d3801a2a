import type { EventContext } from './event.ts'

export interface FeedUp {
  host: string
  port: number
}

/** Logs a link that came up. Ends the fault of the link. */
export function feedUp({ log, faults }: EventContext, { host, port }: FeedUp): void {
  faults.end('feed')
  log.info({ host, port }, 'connected to the gateway')
}
