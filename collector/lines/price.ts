/** The price of an underlying as it stands, around which strikes are chosen while it moves. */

import type { InstrumentState } from '../../market/state/instrument-state.ts'

/** Spread, as a fraction of the mid, up to which a mid is believed. */
const TIGHT_SPREAD = 0.01

/** The mid of a tight quote, else the last trade, else the previous close; undefined when nothing is known. */
export function priceOf(state: InstrumentState | undefined): number | undefined {
  if (!state) return undefined
  const { bidPrice, askPrice } = state.quote ?? {}
  if (bidPrice !== undefined && askPrice !== undefined && bidPrice > 0 && askPrice >= bidPrice) {
    const mid = (bidPrice + askPrice) / 2
    if (askPrice - bidPrice <= TIGHT_SPREAD * mid) return mid
  }
  const trade = state.lastTrade?.price
  if (trade !== undefined && trade > 0) return trade
  const close = state.statistics.get('previous-close')?.value
  return close !== undefined && close > 0 ? close : undefined
}
