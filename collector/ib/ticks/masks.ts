/** IB's bit masks of attributes, and the marks that a tick has for them. */

import { Mark } from '../../../market/marks.ts'

/** Of a price message. Bit 0, that the price can be executed against automatically, is not kept. */
const PriceMask = { pastLimit: 2, preOpen: 4 } as const
/** Of a tick-by-tick trade. */
const TradeMask = { pastLimit: 1, unreported: 2 } as const
/** Of a tick-by-tick quote. */
const QuoteMask = { bidPastLow: 1, askPastHigh: 2 } as const

/** @param pastLimit the mark for a price past the limits: that of a side, or of a price by itself */
export function marksOfPrice(mask: number | undefined, pastLimit: number): number {
  if (!mask) return 0
  return (mask & PriceMask.pastLimit ? pastLimit : 0) | (mask & PriceMask.preOpen ? Mark.preOpen : 0)
}

export function isPreOpen(mask = 0): boolean {
  return (mask & PriceMask.preOpen) !== 0
}

export function marksOfTrade(mask: number | undefined): number {
  if (!mask) return 0
  return (mask & TradeMask.pastLimit ? Mark.pastLimit : 0) | (mask & TradeMask.unreported ? Mark.unreported : 0)
}

export function marksOfQuote(mask: number | undefined): number {
  if (!mask) return 0
  return (mask & QuoteMask.bidPastLow ? Mark.bidPastLimit : 0) | (mask & QuoteMask.askPastHigh ? Mark.askPastLimit : 0)
}
