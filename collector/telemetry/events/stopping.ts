import type { EventContext } from './event.ts'

export interface Stopping {
  cause: string
  error?: Error | undefined
}

/** Logs why the recording ends. */
export function stopping({ log }: EventContext, { cause, error }: Stopping): void {
  if (error) log.error({ cause, reason: error.message }, 'stopping: it cannot go on')
  else log.info({ cause }, 'stopping')
}
