import type { EventContext } from './event.ts'

export interface LeftInJournal {
  ticks: number
  batches: number
}

/** Logs what the next start will write. */
export function leftInJournal({ log }: EventContext, what: LeftInJournal): void {
  log.warn({ ...what }, 'stopped before the database had everything; the next start writes the rest from the journal')
}
