import type { EventContext } from './event.ts'

export interface ImpossibleTransition {
  error: Error
}

/** Counts and logs an event that a line cannot have in its state: the program is wrong, and the line stays as it was. */
export function impossibleTransition({ log, counts }: EventContext, { error }: ImpossibleTransition): void {
  counts.troubles['impossible-transition']++
  log.error({ err: error }, 'a line got an event that is impossible in its state; please report this')
}
