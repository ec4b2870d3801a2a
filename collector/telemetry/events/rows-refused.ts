import type { EventContext } from './event.ts'

export interface RowsRefused {
  ticks: number
}

/** Counts and logs rows that the database refused. */
export function rowsRefused({ log, counts }: EventContext, { ticks }: RowsRefused): void {
  counts.troubles['rows-refused']++
  log.error({ ticks }, 'the database refused rows; they are in rejected_ticks')
}
