/**
 * What quotes of one option chain must keep to among each other, and how far they break it. Sides at which one can trade are compared, a bid
 * with an ask, so that wide, locked and one-sided quotes of healthy markets break nothing. A breach is in units of price, and 0 or less where
 * there is none; a side that is absent breaks nothing.
 *
 * Rates differ by who borrows, so nothing is discounted here: what is broken, is broken at any rate that is not negative.
 */

import { butterflyWeight } from '../../option/bounds.ts'
import type { Chain, ChainSide } from '../../state/chain.ts'

/**
 * A quote that has stood while the underlying moved is not wrong, it is about to be changed, and no option moves by more than the underlying.
 * Returns that move: infinite when the quote is from before the underlying's first, 0 where there is no
 * underlying to tell: what is found then blames nobody (`unlessBlind`).
 */
export function drift(chain: Chain, side: ChainSide, at: number): number {
  const { middle } = chain.underlying
  if (Number.isNaN(middle)) return 0
  const moved = Math.abs(middle - (side.spots[at] as number))
  return Number.isNaN(moved) ? Infinity : moved
}

/** Of two calls the lower strike is worth more, of two puts the higher one, by no more than the strikes differ. */
export function verticalBreach(chain: Chain, side: ChainSide, at: number, bidPrice: number, askPrice: number, other: number): number {
  const width = chain.strikeAt(other) - chain.strikeAt(at)
  const otherBid = side.bidPrices[other] as number
  const otherAsk = side.askPrices[other] as number
  const isDearer = (side === chain.calls) === width > 0
  return isDearer
    ? larger(otherBid - askPrice, bidPrice - otherAsk - Math.abs(width))
    : larger(bidPrice - otherAsk, otherBid - askPrice - Math.abs(width))
}

/** The middle of three strikes is worth no more than its share of the wings. The quote stands at `at`, one of the three. */
export function butterflyBreach(
  chain: Chain,
  side: ChainSide,
  at: number,
  bidPrice: number,
  askPrice: number,
  low: number,
  middle: number,
  high: number,
): number {
  const weight = butterflyWeight(chain.strikeAt(low), chain.strikeAt(middle), chain.strikeAt(high))
  const lowAsk = at === low ? askPrice : (side.askPrices[low] as number)
  const highAsk = at === high ? askPrice : (side.askPrices[high] as number)
  const middleBid = at === middle ? bidPrice : (side.bidPrices[middle] as number)
  return larger(middleBid - weight * lowAsk - (1 - weight) * highAsk, Number.NaN)
}

/** The larger of two, of which either may be NaN; negative when both are. */
function larger(a: number, b: number): number {
  if (a >= b || Number.isNaN(b)) return Number.isNaN(a) ? -1 : a
  return b
}
