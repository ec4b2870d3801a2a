import type { EventContext } from './event.ts'

export interface SessionBegun {
  sessionId: number
  cause: string
}

/** Logs the begin of a recording session. */
export function sessionBegun({ log }: EventContext, what: SessionBegun): void {
  log.info({ ...what }, 'recording session begun')
}
