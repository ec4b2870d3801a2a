import type { EventContext } from './event.ts'

/** Ends the fault of the database. */
export function databaseUp({ log, faults }: EventContext): void {
  if (faults.end('database')) log.info('the database takes ticks again')
}
