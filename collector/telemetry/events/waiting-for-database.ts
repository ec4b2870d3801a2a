import type { EventContext } from './event.ts'

export interface WaitingForDatabase {
  ticks: number
  batches: number
  secondsLeft: number
}

/** Logs that the end waits for the database. */
export function waitingForDatabase({ log }: EventContext, what: WaitingForDatabase): void {
  log.info(
    { ...what },
    `waiting for the database to take the last ${what.ticks} ticks; a second Ctrl-C (or signal) leaves them in the journal for the next start`,
  )
}
