/** By how much a taker's price is worse than the one that it saw. */

import type { Side } from '../../orders.ts'

export interface Trade {
  side: Side
  quantity: number
  price: number
  /** Units that were shown at that price; undefined where no size is known. */
  shown: number | undefined
  /** Units that all traded in the bar in which it trades; undefined against quotes. */
  volume: number | undefined
}

export interface SlippageModel {
  readonly name: string
  /** In money per unit, 0 or more, always to the disadvantage of the order. */
  perUnit(trade: Trade): number
}

/** As seen. */
export const none = (): SlippageModel => ({ name: 'none', perUnit: () => 0 })

/** A part of the price: 1 basis point is 0.01 %. */
export const linear = ({ basisPoints }: { basisPoints: number }): SlippageModel => ({
  name: 'linear',
  perUnit: ({ price }) => (Math.abs(price) * basisPoints) / 10_000,
})

/** Grows with the square root of the order's part of what was shown; at all of it, so many basis points. Without a size, as if all were taken. */
export const squareRoot = ({ basisPoints }: { basisPoints: number }): SlippageModel => ({
  name: 'square-root',
  perUnit: ({ price, quantity, shown }) => ((Math.abs(price) * basisPoints) / 10_000) * Math.sqrt(shown ? quantity / shown : 1),
})
