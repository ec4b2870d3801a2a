import type { EventContext } from './event.ts'

export interface ChainDiscovered {
  symbol: string
  /** Listed options in the range of expiries. */
  options: number
  chosen: number
  /** The others, by the reason why they are not wanted. */
  leftOut?: Readonly<Record<string, number>>
}

/** Logs the size of a chain: a warning where nothing of it is recorded. Ends the fault of its discovery. */
export function chainDiscovered({ log, faults }: EventContext, what: ChainDiscovered): void {
  faults.end('discovery')
  if (what.chosen > 0) log.info({ ...what }, 'chain discovered')
  else if (what.options > 0) log.warn({ ...what }, 'chain discovered; the filters of the settings leave out every option of it')
  else log.warn({ ...what }, 'chain discovered; it has no option that expires in the range of the settings')
}
