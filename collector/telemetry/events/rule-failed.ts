import type { EventContext } from './event.ts'

export interface RuleFailed {
  rule: string
  error: unknown
}

/** Counts and logs a validation rule that threw. */
export function ruleFailed({ log, counts }: EventContext, { rule, error }: RuleFailed): void {
  counts.troubles['rule-failed']++
  log.error({ err: error, rule }, 'a validation rule failed and is off for the rest of the session')
}
