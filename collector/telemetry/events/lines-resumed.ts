import type { EventContext } from './event.ts'

/** Logs that no line is refused for a while any more. */
export function linesResumed({ log }: EventContext): void {
  log.info('the gateway serves its lines again')
}
