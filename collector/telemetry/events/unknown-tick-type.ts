import type { EventContext } from './event.ts'

export interface UnknownTickType {
  tickType: number
}

/** Logs data that has no place on the tape. */
export function unknownTickType({ log }: EventContext, { tickType }: UnknownTickType): void {
  log.info({ tickType }, 'tick type not recorded')
}
