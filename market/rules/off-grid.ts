import type { PriceStep } from '../contract.ts'
import { defineRule } from './rule.ts'

/** What is left between a price and a multiple of its increment, as a share of the increment, by the arithmetic of doubles alone. */
const LEAST_SHARE = 1e-6
const SHARE_PER_STEP = 1e-12

/** Trades are left out: midpoints, averages and price improvement are off the grid of quotes, and legitimate. */
export const offGrid = defineRule({
  name: 'off-grid',
  about: 'A quoted price that is no multiple of the price increment of its contract.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  create: () => ({
    check({ bidPrice, askPrice }, { contract }) {
      const grid = contract?.priceGrid
      if (grid === undefined) return undefined
      return offBy(bidPrice, 'bid', grid) ?? offBy(askPrice, 'ask', grid)
    },
  }),
})

function offBy(price: number | undefined, side: string, grid: readonly PriceStep[]) {
  if (price === undefined || !Number.isFinite(price)) return undefined
  let increment = 0
  for (let i = 0; i < grid.length; i++) {
    const step = grid[i] as PriceStep
    if (i > 0 && step.from > Math.abs(price)) break
    increment = step.increment
  }
  if (!(increment > 0)) return undefined
  const steps = price / increment
  const off = Math.abs(steps - Math.round(steps))
  return off > LEAST_SHARE + Math.abs(steps) * SHARE_PER_STEP
    ? { reason: `${side} price ${price} is no multiple of ${increment}` }
    : undefined
}
