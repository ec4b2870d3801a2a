import type { EventContext } from './event.ts'

export interface ChainDiscovered {
  symbol: string
  /** Listed options in the range of expiries. */
  options: number
  chosen: number
}

/** Logs the size of a chain. */
export function chainDiscovered({ log }: EventContext, what: ChainDiscovered): void {
  log.info({ ...what }, 'chain discovered')
}
