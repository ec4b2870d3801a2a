import type { EventContext } from './event.ts'

export interface FeedUp {
  host: string
  port: number
  /** Connections come and go: the fault of the link lasts. */
  isFlapping: boolean
  /** Not a new connection: one of those that come and go has lasted. */
  isLasting?: boolean
}

/** Counts and logs a link that came up, and ends the fault of the link. One that is lost again and again is logged when it begins and when it lasts. */
export function feedUp({ log, counts, faults }: EventContext, { host, port, isFlapping, isLasting = false }: FeedUp): void {
  if (!isLasting) counts.connects++
  if (!isFlapping) faults.end('feed')
  log[isFlapping ? 'debug' : 'info']({ host, port }, 'connected to the gateway')
}
