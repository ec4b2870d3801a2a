import type { EventContext } from './event.ts'

export interface InvariantBroken {
  error: unknown
}

/** Logs a fault of the program itself; the process ends. */
export function invariantBroken({ log }: EventContext, { error }: InvariantBroken): void {
  log.fatal({ err: error }, 'the recorder is in a state that must not be; it stops so that nothing wrong is recorded. Please report this')
}
