import type { EventContext } from './event.ts'

export interface TooFast {
  /** Sent from now on. */
  messagesPerSecond: number
}

/** Logs that the gateway refused messages because too many came, each time that fewer are sent. */
export function tooFast({ log, faults }: EventContext, what: TooFast): void {
  if (faults.begin('too-fast', String(what.messagesPerSecond)))
    log.warn(
      { ...what },
      'too many messages for the gateway (100); fewer are sent from now on. Check gateway.lines and gateway.messagesPerSecond',
    )
}
