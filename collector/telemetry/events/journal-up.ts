import type { EventContext } from './event.ts'

/** Ends the fault of the journal. */
export function journalUp({ log, faults }: EventContext): void {
  if (faults.end('journal')) log.info('the journal is written again')
}
