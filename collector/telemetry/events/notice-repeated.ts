import type { EventContext } from './event.ts'

export interface NoticeRepeated {
  code: number
  text: string
}

/** Logs a notice that was logged a moment ago, for those who debug. */
export function noticeRepeated({ log }: EventContext, { code, text }: NoticeRepeated): void {
  log.debug({ code, text }, 'notice of the gateway, repeated')
}
