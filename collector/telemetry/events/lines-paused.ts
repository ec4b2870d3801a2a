import type { EventContext } from './event.ts'

export interface LinesPaused {
  code: number
  text: string
}

/** Logs that the gateway began to refuse lines for a while. */
export function linesPaused({ log }: EventContext, { code, text }: LinesPaused): void {
  log.warn({ code, text }, 'the gateway does not serve some lines for now; they are requested again every minute')
}
