import type { EventContext } from './event.ts'

export interface UnknownTickType {
  tickType: number
}

/** IB's types end at about 105. A gateway that sends anything must not fill the metrics. */
const MAX_TYPE = 255
const OTHER_TYPE = -1

/** Counts data that has no place on the tape, and logs it once for each type. */
export function unknownTickType({ log, counts, faults }: EventContext, { tickType }: UnknownTickType): void {
  const type = tickType >= 0 && tickType <= MAX_TYPE ? tickType : OTHER_TYPE
  counts.unmapped.set(type, (counts.unmapped.get(type) ?? 0) + 1)
  if (faults.begin(`tick type ${tickType}`, '')) log.info({ tickType }, 'tick type not recorded')
}
