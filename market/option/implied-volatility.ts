/**
 * The volatility at which a European option is worth a price, or why there is none. Nothing is allocated.
 *
 * The option out of the money is solved for: in the money most of a price is intrinsic value, and its digits are lost; by parity the other
 * right has the same volatility. Its price over the geometric mean of forward and strike is b(s), s = volatility x sqrt(years), which bends
 * at s = sqrt(2 |ln(F/K)|), where vega is largest (Manaster and Koehler, "The calculation of implied variances from the Black-Scholes
 * model", 1982). Below that point b falls like exp(-x^2 / 2 s^2), so that 1 / sqrt(-ln b) is nearly a straight line in s; above it b itself
 * is concave. Newton's method on either of the two, inside a bracket, needs a few steps; a step that leaves the bracket is a bisection.
 */

import { normalCumulative, normalDensity } from './normal.ts'
import type { OptionTerms } from './pricing.ts'

/** Why a price has no volatility. */
export type NoVolatility =
  /** The price is absent, no number, zero or negative. */
  | 'no-price'
  /** No time is left. */
  | 'expired'
  /** Spot, strike or a rate is no usable number. */
  | 'no-terms'
  /** At or below what the option is worth without any volatility. */
  | 'below-intrinsic'
  /** At or above what it can ever be worth. */
  | 'above-bound'

/** 1000 % a year and more is no option market. */
const MAX_VOLATILITY = 10
const MAX_STEPS = 100
/** Newton's method squares its relative error, so behind a step as small as this there is nothing left. */
const LAST_STEP = 1e-8

/**
 * Annual fraction, or the reason why there is none. Where vega is tiny the price says little about the volatility, whatever is returned.
 */
export function impliedVolatility(terms: OptionTerms, price: number | undefined): number | NoVolatility {
  const { right, spot, strike, years, rate, dividendYield } = terms
  if (price === undefined || !(price > 0)) return 'no-price'
  if (!(years > 0)) return 'expired'
  const forward = spot * Math.exp(-dividendYield * years)
  const discounted = strike * Math.exp(-rate * years)
  if (!(forward > 0) || !(discounted > 0) || forward === Infinity || discounted === Infinity) return 'no-terms'
  const inMoney = right === 'C' ? forward > discounted : forward < discounted
  const target = inMoney ? price - Math.abs(forward - discounted) : price
  if (!(target > 0)) return 'below-intrinsic'
  // Out of the money a call is worth less than the forward and a put less than the strike: the smaller of the two.
  if (!(target < Math.min(forward, discounted))) return 'above-bound'
  const root = Math.sqrt(years)
  const scale = Math.sqrt(forward * discounted)
  const deviation = solve(-Math.abs(Math.log(forward / discounted)), target / scale, MAX_VOLATILITY * root)
  return Number.isNaN(deviation) ? 'above-bound' : deviation / root
}

/** Finds s with b(x, s) = target, x <= 0. NaN when that is beyond `limit`. */
function solve(x: number, target: number, limit: number): number {
  const bend = Math.sqrt(-2 * x)
  const half = Math.exp(x / 2)
  let s = bend > 0 ? Math.min(bend, limit / 2) : Math.min(2.5 * target, limit / 2)
  let low = 0
  let high = limit
  const goal = 1 / Math.sqrt(-Math.log(target))
  for (let step = 0; step < MAX_STEPS; step++) {
    const d1 = x / s + s / 2
    const value = half * normalCumulative(d1) - normalCumulative(d1 - s) / half
    const slope = half * normalDensity(d1)
    if (value < target) low = s
    else high = s
    let next: number
    if (target < 0.5 && s <= bend) {
      // Where b is too small for a double there is no slope: a bisection.
      const root = value > 1e-300 ? Math.sqrt(-Math.log(value)) : Number.NaN
      next = s + ((goal - 1 / root) * 2 * value * root * root * root) / slope
    } else next = s - (value - target) / slope
    if (!(next >= low && next <= high)) next = (low + high) / 2
    const moved = Math.abs(next - s)
    s = next
    if (moved <= LAST_STEP * s) break
  }
  return high === limit && limit - s <= LAST_STEP * limit ? Number.NaN : s
}
