import type { EventContext } from './event.ts'

export interface AdjustedLeftOut {
  symbol: string
  /** Each with the units that one contract stands for. */
  tradingClasses: readonly string[]
}

/** Logs that options which do not stand for 100 shares are not recorded. */
export function adjustedLeftOut({ log }: EventContext, what: AdjustedLeftOut): void {
  log.info({ ...what }, 'adjusted options are left out (universe.adjusted, or name the class in tradingClasses)')
}
