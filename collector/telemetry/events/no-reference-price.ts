import type { EventContext } from './event.ts'

export interface NoReferencePrice {
  symbol: string
}

/** Logs strikes that were chosen without a price, once for each underlying. */
export function noReferencePrice({ log, faults }: EventContext, { symbol }: NoReferencePrice): void {
  if (faults.begin(`reference price ${symbol}`, 'none'))
    log.warn({ symbol }, 'no last trade, close or tight quote to centre the strikes on; taking those nearest the middle of the chain')
}
