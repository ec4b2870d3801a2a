import type { EventContext } from './event.ts'

export interface StillHolding {
  ticks: number
  batches: number
}

/** Logs what the end waits for. */
export function stillHolding({ log }: EventContext, { ticks, batches }: StillHolding): void {
  log.info(
    { ticks, batches },
    `waiting for the database to take the last ${ticks} ticks; a second Ctrl-C (or signal) leaves them in the journal for the next start`,
  )
}
