import type { EventContext } from './event.ts'

export interface OverBudget {
  wanted: number
  lines: number
}

/** Logs that there are fewer market-data lines than contracts, when that begins and when the figures change. */
export function overBudget({ log, faults }: EventContext, what: OverBudget): void {
  if (faults.begin('over-budget', `${what.wanted} ${what.lines}`))
    log.warn({ ...what }, 'more contracts than market-data lines; the ones farthest from the money are not recorded')
}
