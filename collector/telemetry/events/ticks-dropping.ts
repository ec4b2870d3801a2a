import type { EventContext } from './event.ts'

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['journal-full', 'the journal has reached journal.limitBytes. Have the database take ticks again, or raise the limit'],
  ['journal-failed', 'the journal cannot be written and journal.memoryBytes are waiting. Free the disk or check its permissions'],
])

export interface TicksDropping {
  reason: string
}

/** Logs that ticks are being dropped, when somebody can do something about it. */
export function ticksDropping({ log }: EventContext, { reason }: TicksDropping): void {
  const advice = ADVICE.get(reason)
  if (advice) log.error({ reason }, `ticks are dropped from now on: ${advice}`)
}
