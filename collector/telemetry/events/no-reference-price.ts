import type { EventContext } from './event.ts'

export interface NoReferencePrice {
  symbol: string
}

/** Logs strikes that were chosen without a price. */
export function noReferencePrice({ log }: EventContext, { symbol }: NoReferencePrice): void {
  log.warn({ symbol }, 'no last trade, close or tight quote to centre the strikes on; taking those nearest the middle of the chain')
}
