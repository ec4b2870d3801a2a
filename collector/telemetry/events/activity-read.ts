import type { EventContext } from './event.ts'

export interface ActivityRead {
  symbols: readonly string[]
  /** Of which something is known. */
  options: number
}

/** Logs that the database has said what it knows of the open interest and volume of options. */
export function activityRead({ log, faults }: EventContext, what: ActivityRead): void {
  faults.end('activity')
  log.info({ ...what }, 'open interest and volume of options were read from the database')
}
