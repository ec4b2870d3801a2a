import type { EventContext } from './event.ts'

export interface UnknownTickType {
  tickType: number
}

/** Logs data that has no place on the tape, once for each type. */
export function unknownTickType({ log, faults }: EventContext, { tickType }: UnknownTickType): void {
  if (faults.begin(`tick type ${tickType}`, '')) log.info({ tickType }, 'tick type not recorded')
}
