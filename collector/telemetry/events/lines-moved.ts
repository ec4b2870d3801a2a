import type { EventContext } from './event.ts'

export interface LinesMoved {
  /** Connections whose contracts are with the others now. */
  gone: readonly string[]
  contracts: number
  /** Those of them that held or had asked for a line. */
  lines: number
}

/** Logs that contracts have moved from one connection to another: one is gone, is back, or has fewer lines than the settings say. */
export function linesMoved({ log }: EventContext, { gone, contracts, lines }: LinesMoved): void {
  if (gone.length > 0) log.warn({ gone, contracts, lines }, 'a gateway is gone; the others have its contracts until it is back')
  else log.info({ contracts, lines }, 'contracts have moved between gateways; every gateway is there')
}
