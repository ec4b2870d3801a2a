import type { EventContext } from './event.ts'

export interface LineLimit {
  lines: number
  /** Contracts without a line. */
  waiting: number
}

/** Logs how many market-data lines the gateway serves at once. */
export function lineLimit({ log }: EventContext, { lines, waiting }: LineLimit): void {
  if (waiting === 0) log.info({ lines }, 'every contract has a market-data line')
  else
    log.warn(
      { lines, waiting },
      'the gateway has no more market-data lines than these; the other contracts, farthest from the money, wait for one. ' +
        'Lines are shared with the watchlists open in TWS: close some there, or buy more from IB',
    )
}
