import type { EventContext } from './event.ts'

export interface Notice {
  code: number
  text: string
  /** How often it came since it was logged last, not counting this one. */
  repeated: number
}

/** Logs what the gateway says outside of any request. */
export function notice({ log }: EventContext, { code, text, repeated }: Notice): void {
  log.info({ code, text, ...(repeated > 0 && { repeated }) }, 'notice of the gateway')
}
