import type { EventContext } from './event.ts'

export interface RuleFailed {
  rule: string
  error: unknown
}

/** Logs a validation rule that threw. */
export function ruleFailed({ log }: EventContext, { rule, error }: RuleFailed): void {
  log.error({ err: error, rule }, 'a validation rule failed and is off for the rest of the session')
}
