/**
 * Trades in the bar after the one that an order was given on, or arrived in: a market order at its open, others as bar-fill.ts says. Of a standing quote
 * it knows no price.
 */

import type { FillModel } from './fill.ts'

export const barNextOpen = (): FillModel => ({ name: 'bar-next-open', data: 'bars', takerPrice: () => undefined })
