import type { EventContext } from './event.ts'

export interface JournalLost {
  ticks: number
}

/** Logs records that reached no disk before the end. */
export function journalLost({ log }: EventContext, { ticks }: JournalLost): void {
  log.error({ ticks }, 'ticks are lost: the journal could not be written before the end; the next start names the gap')
}
