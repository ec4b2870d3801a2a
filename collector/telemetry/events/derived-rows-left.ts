import type { EventContext } from './event.ts'

export interface DerivedRowsLeft {
  /** What they are: `opportunities`. */
  name: string
  rows: number
}

/** Logs rows that were derived from the recording and are not in the database at its end, or may not be. */
export function derivedRowsLeft({ log }: EventContext, { name, rows }: DerivedRowsLeft): void {
  log.warn({ what: name, rows }, 'what the detectors found last is not in the database; `tapedeck arb scan --write` makes it again')
}
