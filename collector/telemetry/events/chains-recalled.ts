import type { EventContext } from './event.ts'

export interface ChainsRecalled {
  symbols: readonly string[]
  options: number
}

/** Logs that chains are those that an earlier run has found on the same trading day. */
export function chainsRecalled({ log }: EventContext, what: ChainsRecalled): void {
  log.info({ ...what }, 'chains were found today already and are not searched again')
}
