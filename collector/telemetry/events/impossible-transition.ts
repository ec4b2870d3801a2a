import type { EventContext } from './event.ts'

export interface ImpossibleTransition {
  line: string
  from: string
  event: string
}

/** Logs an event that a line cannot have in its state: the program is wrong, and the line stays as it was. */
export function impossibleTransition({ log }: EventContext, what: ImpossibleTransition): void {
  log.error(what, 'a line got an event that is impossible in its state; please report this')
}
