/** Buys at the ask and sells at the bid. */

import type { FillModel } from './fill.ts'

export const touch = (): FillModel => ({ name: 'touch', takerPrice: (side, book) => book.touch(side) })
