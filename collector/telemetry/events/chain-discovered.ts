import type { EventContext } from './event.ts'

export interface ChainDiscovered {
  symbol: string
  /** Listed options in the range of expiries. */
  options: number
  chosen: number
  /** The others, by the reason why they are not wanted. */
  leftOut?: Readonly<Record<string, number>>
}

/** Logs the size of a chain. Ends the fault of its discovery. */
export function chainDiscovered({ log, faults }: EventContext, what: ChainDiscovered): void {
  faults.end('discovery')
  log.info({ ...what }, 'chain discovered')
}
