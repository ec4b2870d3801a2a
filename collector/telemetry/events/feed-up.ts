import type { EventContext } from './event.ts'

export interface FeedUp {
  host: string
  port: number
  /** Connections come and go: the fault of the link lasts. */
  isFlapping: boolean
}

/** Logs a link that came up, and ends the fault of the link. One that is lost again and again is logged when it begins and when it lasts. */
export function feedUp({ log, faults }: EventContext, { host, port, isFlapping }: FeedUp): void {
  if (!isFlapping) faults.end('feed')
  log[isFlapping ? 'debug' : 'info']({ host, port }, 'connected to the gateway')
}
