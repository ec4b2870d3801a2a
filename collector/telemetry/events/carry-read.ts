import type { EventContext } from './event.ts'

/** Logs that rates and dividends can be read from the database again. */
export function carryRead({ log, faults }: EventContext): void {
  if (faults.end('carry')) log.info('rates and dividends were read from the database again')
}
