import type { EventContext } from './event.ts'

export interface SessionRecovered {
  sessionId: number
  batches: number
  ticks: number
  /** Of an unfinished write, cut off. */
  tornBytes: number
  crashed: boolean
}

/** Logs a session that an earlier run left in the journal. */
export function sessionRecovered({ log }: EventContext, what: SessionRecovered): void {
  log.warn({ ...what }, 'unfinished session found in the journal; writing it to the database')
}
