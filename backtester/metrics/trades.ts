/** How the round trips of an account went. Money is whole 1/10,000 units, net of costs unless its name says otherwise. NaN is not defined. */

import type { Units } from '../engine/money.ts'
import type { RoundTrip } from './round-trips.ts'
import { mean, quantile, sum } from './series.ts'

export interface TradeMetrics {
  count: number
  wins: number
  losses: number
  /** wins / count */
  winRate: number
  /** sum of the wins / |sum of the losses| */
  profitFactor: number
  /** Mean result of a round trip. */
  expectancy: Units
  averageWin: Units
  /** 0 or less. */
  averageLoss: Units
  /** average win / |average loss| */
  payoff: number
  best: Units
  worst: Units
  /** Wins (losses) in a row, in the order in which they were closed. What is neither ends both. */
  longestWinningStreak: number
  longestLosingStreak: number
  meanHoldingUs: number
  medianHoldingUs: number
  gross: Units
  costs: Units
  net: Units
}

export function tradeMetrics(trips: readonly RoundTrip[]): TradeMetrics {
  const results = trips.map(({ net }) => net)
  const wins = results.filter((net) => net > 0)
  const losses = results.filter((net) => net < 0)
  const holding = trips.map(({ openedUs, closedUs }) => closedUs - openedUs)
  return {
    count: trips.length,
    wins: wins.length,
    losses: losses.length,
    winRate: wins.length / trips.length,
    profitFactor: losses.length === 0 ? Number.NaN : sum(wins) / -sum(losses),
    expectancy: mean(results),
    averageWin: mean(wins),
    averageLoss: mean(losses),
    payoff: mean(wins) / -mean(losses),
    best: results.reduce((best, net) => Math.max(best, net), trips.length === 0 ? Number.NaN : Number.NEGATIVE_INFINITY),
    worst: results.reduce((worst, net) => Math.min(worst, net), trips.length === 0 ? Number.NaN : Number.POSITIVE_INFINITY),
    longestWinningStreak: longestStreak(results, (net) => net > 0),
    longestLosingStreak: longestStreak(results, (net) => net < 0),
    meanHoldingUs: mean(holding),
    medianHoldingUs: quantile(holding, 0.5),
    gross: sum(trips.map(({ gross }) => gross)),
    costs: sum(trips.map(({ cost }) => cost)),
    net: sum(results),
  }
}

function longestStreak(results: readonly Units[], counts: (net: Units) => boolean): number {
  let [longest, running] = [0, 0]
  for (const net of results) {
    running = counts(net) ? running + 1 : 0
    longest = Math.max(longest, running)
  }
  return longest
}

/** costs / the gross result of all round trips that won before costs: the part of what was won that the costs took. */
export function costShare(trips: readonly RoundTrip[], costs: Units): number {
  const won = sum(trips.map(({ gross }) => Math.max(0, gross)))
  return won > 0 ? costs / won : Number.NaN
}
