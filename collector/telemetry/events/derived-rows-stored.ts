import type { EventContext } from './event.ts'

export interface DerivedRowsStored {
  /** What they are: `opportunities`. */
  name: string
}

/** Logs that rows which were derived from the recording can be stored again. */
export function derivedRowsStored({ log, faults }: EventContext, { name }: DerivedRowsStored): void {
  if (faults.end(`derived ${name}`)) log.info({ what: name }, 'what the detectors find can be stored again')
}
