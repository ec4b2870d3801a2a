import type { EventContext } from './event.ts'

export interface UnknownUnderlying {
  symbol: string
}

/** Logs a configured stock that the gateway does not know. */
export function unknownUnderlying({ log }: EventContext, { symbol }: UnknownUnderlying): void {
  log.error({ symbol }, 'the gateway knows no such stock; check universe.underlyings')
}
