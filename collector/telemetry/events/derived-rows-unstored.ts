import { messageOf } from '../../../market/errors.ts'
import type { EventContext } from './event.ts'

export interface DerivedRowsUnstored {
  /** What they are: `opportunities`. */
  name: string
  error: unknown
  rows: number
  /** They wait for another attempt; else they are left out. */
  isAway: boolean
}

/** Logs that rows which were derived from the recording are not in the database, when that begins and when the reason changes. */
export function derivedRowsUnstored({ log, faults }: EventContext, { name, error, rows, isAway }: DerivedRowsUnstored): void {
  const reason = messageOf(error)
  if (!faults.begin(`derived ${name}`, reason)) return
  log.warn(
    { what: name, rows, waits: isAway, reason },
    'what the detectors found could not be stored; it waits for the database, or `tapedeck arb scan --write` makes it again',
  )
}
