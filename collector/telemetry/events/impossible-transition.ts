import type { EventContext } from './event.ts'

export interface ImpossibleTransition {
  error: Error
}

/** Logs an event that a line cannot have in its state: the program is wrong, and the line stays as it was. */
export function impossibleTransition({ log }: EventContext, { error }: ImpossibleTransition): void {
  log.error({ err: error }, 'a line got an event that is impossible in its state; please report this')
}
