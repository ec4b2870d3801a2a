/**
 * The core: the strikes nearest to the money of each expiry, which always hold their lines, as far as their share of the lines reaches.
 * First the nearest one of every expiry, which may have most of the lines, as a chain without its money is worth little; then the second
 * nearest of every expiry, within the share of the settings. A strike that is held makes way for another only when
 * the price has gone past the middle between both by a tenth of their distance, so that a price that stands there swaps no lines.
 */

import type { Chain, Chains, Pair } from './chains.ts'

export interface CoreOptions {
  /** Strikes of each expiry. */
  strikes: number
  /** Lines for the nearest strike of every expiry. */
  nearestLines: number
  /** Lines for all of them, beyond the nearest ones. */
  lines: number
  /** Price of an underlying; undefined when none is known: the middle of its strikes stands in. */
  priceOf: (underlying: number) => number | undefined
  /** What is core now. */
  before: ReadonlySet<Pair>
  /** Contracts of it that cannot be watched now. */
  isBlocked: (pair: Pair) => boolean
}

/** Of the distance between two strikes. */
const HYSTERESIS = 0.1

/** The most important first. */
export function corePairs({ chains }: Chains, options: CoreOptions): Pair[] {
  const nearest = chains.map((chain) => nearestOf(chain, options))
  const core: Pair[] = []
  let lines = 0
  for (let rank = 0; rank < options.strikes; rank++)
    for (const pairs of nearest) {
      const pair = pairs[rank]
      if (!pair) continue
      lines += pair.instruments.length
      if (lines > (rank === 0 ? options.nearestLines : options.lines)) return core
      core.push(pair)
    }
  return core
}

/** So many strikes of the chain, the nearest first. */
function nearestOf(chain: Chain, { strikes, priceOf, before, isBlocked }: CoreOptions): Pair[] {
  const { pairs } = chain
  const price = priceOf(chain.underlying) ?? pairs[pairs.length >> 1]?.strike ?? 0
  const distance = ({ strike }: Pair) => Math.abs(strike - price)
  const found: Pair[] = []
  let [below, above] = [firstAbove(pairs, price) - 1, firstAbove(pairs, price)]
  while (found.length < strikes && (below >= 0 || above < pairs.length)) {
    const [low, high] = [pairs[below], pairs[above]]
    const next = !high || (low && distance(low) <= distance(high)) ? low : high
    if (next === low) below--
    else above++
    if (next && !isBlocked(next)) found.push(next)
  }
  const old = pairs.filter((pair) => before.has(pair) && !found.includes(pair) && !isBlocked(pair))
  for (const kept of old) {
    const i = found.findLastIndex((pair) => !before.has(pair))
    const other = found[i]
    if (other && distance(kept) - distance(other) <= 2 * HYSTERESIS * Math.abs(kept.strike - other.strike)) found[i] = kept
  }
  return found
}

/** Index of the first pair whose strike lies at the price or above it. */
function firstAbove(pairs: readonly Pair[], price: number): number {
  let [low, high] = [0, pairs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((pairs[middle] as Pair).strike >= price) high = middle
    else low = middle + 1
  }
  return low
}
