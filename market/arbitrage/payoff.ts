/**
 * What a package pays at expiry by the price of its underlying: straight lines with a kink at each strike, given by its kinks and by how it goes on
 * below the first and above the last one. Per share, in money of that day; what it cost to enter is money of today and counts as paid without
 * interest, and fees are left out.
 */

import type { Leg } from './opportunity.ts'

/** A package whose options expire on one day. */
export interface Payoff {
  /** By rising price, from 0 on; the last one is the highest strike (or 0). Between two the profit is a straight line. */
  points: readonly { spot: number; profit: number }[]
  /** What the profit gains for each unit of price above the last point. */
  slope: number
}

/**
 * Payoff of what was bought and sold, less what it cost.
 *
 * @returns undefined when the options expire on different days: what the later ones are worth then is not known.
 */
export function payoffAtExpiry(legs: readonly Pick<Leg, 'side' | 'ratio' | 'price' | 'contract'>[]): Payoff | undefined {
  const expiries = new Set<string>()
  const strikes = new Set([0])
  for (const { contract } of legs) {
    if (contract.kind !== 'option') continue
    expiries.add(contract.expiry)
    strikes.add(contract.strike)
  }
  if (expiries.size > 1) return undefined
  const profitAt = (spot: number) => {
    let profit = 0
    for (const { side, ratio, price, contract } of legs) profit += (side === 'buy' ? ratio : -ratio) * (valueAt(contract, spot) - price)
    return profit
  }
  const points = [...strikes].sort((a, b) => a - b).map((spot) => ({ spot, profit: profitAt(spot) }))
  const last = points.at(-1) as { spot: number; profit: number }
  return { points, slope: profitAt(last.spot + 1) - last.profit }
}

/** The profit at a price, which is 0 or above. */
export function profitAt({ points, slope }: Payoff, spot: number): number {
  const next = points.findIndex((point) => point.spot >= spot)
  const last = points.at(-1) as { spot: number; profit: number }
  if (next < 0) return last.profit + slope * (spot - last.spot)
  const to = points[next] as { spot: number; profit: number }
  if (to.spot === spot) return to.profit
  const from = points[next - 1] as { spot: number; profit: number }
  return from.profit + ((to.profit - from.profit) * (spot - from.spot)) / (to.spot - from.spot)
}

/** The least profit at any price: -Infinity where it falls without end. */
export function leastProfit({ points, slope }: Payoff): number {
  return slope < -1e-9 ? Number.NEGATIVE_INFINITY : Math.min(...points.map(({ profit }) => profit))
}

function valueAt(contract: Leg['contract'], spot: number): number {
  if (contract.kind !== 'option') return spot
  return Math.max(0, contract.right === 'C' ? spot - contract.strike : contract.strike - spot)
}
