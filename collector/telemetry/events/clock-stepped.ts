import type { EventContext } from './event.ts'

export interface ClockStepped {
  /** By how much it is ahead of where it was; negative: behind. */
  driftMs: number
}

/** Logs a step of the system's clock. Nothing is lost by it. */
export function clockStepped({ log }: EventContext, { driftMs }: ClockStepped): void {
  log.warn({ driftMs: Math.round(driftMs) }, "the system's clock has moved; a new session begins")
}
