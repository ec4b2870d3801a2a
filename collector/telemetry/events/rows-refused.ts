import type { EventContext } from './event.ts'

export interface RowsRefused {
  ticks: number
}

/** Logs rows that the database refused. */
export function rowsRefused({ log }: EventContext, { ticks }: RowsRefused): void {
  log.error({ ticks }, 'the database refused rows; they are in rejected_ticks')
}
