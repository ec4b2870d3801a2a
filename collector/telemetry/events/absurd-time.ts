import type { EventContext } from './event.ts'

export interface AbsurdTime {
  /** As published. */
  time: number
}

/** Logs a published time that is not taken. */
export function absurdTime({ log }: EventContext, { time }: AbsurdTime): void {
  log.warn(
    { time },
    'the gateway publishes a time that cannot be one, in microseconds since 1970; it is not taken. Look at the tape that it plays ' +
      '(`tapedeck tape verify`), or set gateway.clock to wall',
  )
}
