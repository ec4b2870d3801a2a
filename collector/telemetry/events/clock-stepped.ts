import type { EventContext } from './event.ts'

export interface ClockStepped {
  /** By how much it is ahead of where it was; negative: behind. */
  driftMs: number
}

/** Counts and logs a step of the system's clock. Nothing is lost by it. */
export function clockStepped({ log, counts }: EventContext, { driftMs }: ClockStepped): void {
  counts.troubles['clock-stepped']++
  log.warn({ driftMs: Math.round(driftMs) }, "the system's clock has moved; a new session begins")
}
