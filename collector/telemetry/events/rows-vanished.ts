import type { EventContext } from './event.ts'

export interface RowsVanished {
  ticks: number
}

/** Counts and logs rows that the database took and did not keep. */
export function rowsVanished({ log, counts }: EventContext, { ticks }: RowsVanished): void {
  counts.troubles['rows-vanished']++
  log.error({ ticks }, 'rows are lost: the database took them and kept none; look for a trigger on the tick tables that returns NULL')
}
