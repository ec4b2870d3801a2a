import type { EventContext } from './event.ts'

export interface OverBudget {
  wanted: number
  lines: number
}

/** Logs that there are fewer market-data lines than contracts. */
export function overBudget({ log }: EventContext, what: OverBudget): void {
  log.warn({ ...what }, 'more contracts than market-data lines; the ones farthest from the money are not recorded')
}
