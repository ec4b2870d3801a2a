import type { EventContext } from './event.ts'

export interface UnknownUnderlying {
  symbol: string
  kind?: 'stock' | 'index' | undefined
  /** It was refused three times while the gateway knew others. */
  isFinal: boolean
}

/** Logs a configured underlying that the gateway does not know: the first refusal may be a passing one. */
export function unknownUnderlying({ log }: EventContext, { symbol, kind = 'stock', isFinal }: UnknownUnderlying): void {
  if (isFinal) log.error({ symbol, kind }, 'the gateway knows no such underlying; check universe.underlyings')
  else log.warn({ symbol, kind }, 'the gateway has no definition of an underlying (200); it is asked again in a minute')
}
