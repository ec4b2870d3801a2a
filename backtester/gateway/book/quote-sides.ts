/**
 * The sides of a recorded quote as the wire can say them. An empty side is a price of -1 with size 0. So a recorded price of -1 can only
 * be sent with a size, and a size of 0 on a side without a price is the same as none.
 */

import type { Quote } from '../../../market/tick.ts'

/** Stands for a price or size that there is none of; no number that the wire can say. */
export const NONE = Number.NEGATIVE_INFINITY

/** What the wire says of the price of a side: NONE when the side is empty. */
export function pricedAt(price: number | undefined, size: number | undefined): number {
  if (price === undefined || !Number.isFinite(price)) return NONE
  return price === -1 && !size ? NONE : price
}

/** What the wire says of the size of a side: NONE when it is not known, or 0 on a side without a price. */
export function sizedAt(price: number | undefined, size: number | undefined): number {
  if (size === undefined) return NONE
  // Where a number of a damaged tape is none, the size of IB's messages is 0.
  if (!Number.isFinite(size)) return price === undefined ? NONE : 0
  if (price === undefined) return size === 0 ? NONE : size
  return Number.isFinite(price) && !(price === -1 && size === 0) ? size : NONE
}

/** True when the wire says the same of both. */
export function isSameQuote(a: Quote, b: Quote): boolean {
  if (a.bidPrice === b.bidPrice && a.askPrice === b.askPrice && a.bidSize === b.bidSize && a.askSize === b.askSize) return true
  return (
    pricedAt(a.bidPrice, a.bidSize) === pricedAt(b.bidPrice, b.bidSize) &&
    pricedAt(a.askPrice, a.askSize) === pricedAt(b.askPrice, b.askSize) &&
    sizedAt(a.bidPrice, a.bidSize) === sizedAt(b.bidPrice, b.bidSize) &&
    sizedAt(a.askPrice, a.askSize) === sizedAt(b.askPrice, b.askSize)
  )
}

/** A quote with a positive price on both sides. */
export type TwoSided = Quote & { bidPrice: number; askPrice: number }

export function isTwoSided(quote: Quote | undefined): quote is TwoSided {
  if (quote === undefined) return false
  const { bidPrice = NONE, askPrice = NONE } = quote
  return bidPrice > 0 && askPrice > 0 && Number.isFinite(bidPrice) && Number.isFinite(askPrice)
}
