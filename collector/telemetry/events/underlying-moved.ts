import type { EventContext } from './event.ts'

export interface UnderlyingMoved {
  symbol: string
  price: number
  /** True: it has left the strikes that are known, and its chain is searched again. */
  isSearched: boolean
}

/** Logs that strikes are chosen anew because an underlying has moved away from them. */
export function underlyingMoved({ log }: EventContext, { isSearched, ...what }: UnderlyingMoved): void {
  const todo = isSearched ? 'has left the strikes that are known; its chain is searched again' : 'has moved; its strikes are chosen anew'
  log.info({ ...what }, `an underlying ${todo}`)
}
