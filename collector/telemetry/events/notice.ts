import type { EventContext } from './event.ts'

export interface Notice {
  code: number
  text: string
}

/** Logs what the gateway says outside of any request. */
export function notice({ log }: EventContext, { code, text }: Notice): void {
  log.info({ code, text }, 'notice of the gateway')
}
