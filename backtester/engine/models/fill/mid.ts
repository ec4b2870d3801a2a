/** Trades at the middle of the quote with a probability, else at the touch. Of a crossed quote it takes the touch: its middle is no offer. */

import type { FillModel } from './fill.ts'

/** @param random uniform from 0 to below 1; the same numbers give the same fills */
export function mid({ probability, random }: { probability: number; random: () => number }): FillModel {
  return {
    name: 'mid',
    data: 'quotes',
    takerPrice(side, book) {
      const price = book.touch(side)
      const { mid: middle } = book
      if (price === undefined || middle === undefined) return price
      const isBetter = side === 'buy' ? middle < price : middle > price
      return isBetter && random() < probability ? middle : price
    },
  }
}
