import type { EventContext } from './event.ts'

export interface MessageUnreadable {
  /** What the library says of it. */
  what: string
  /** Of its kind. */
  isFirst: boolean
}

/** Counts a message of the gateway that could not be decoded: data is lost. Logs the first of a kind. */
export function messageUnreadable({ log, counts }: EventContext, { what, isFirst }: MessageUnreadable): void {
  counts.unreadable++
  if (isFirst) log.error({ what }, 'a message of the gateway could not be decoded: what it said is lost; more of its kind are only counted')
}
