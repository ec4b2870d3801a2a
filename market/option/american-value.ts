/** Greeks of an American option, by differences of its price: it has no closed form. */

import { americanPrice } from './american.ts'
import type { Dividend } from './dividends.ts'
import type { OptionTerms, OptionValue } from './pricing.ts'

/** Of the spot. Wide enough that the error of a price, 1e-5 of the strike, stays below 1 % of gamma. */
const SPOT_STEP = 0.01
const VOLATILITY_STEP = 0.005
const RATE_STEP = 0.001
/** Of the time that is left. */
const TIME_STEP = 0.01

/**
 * Price and greeks, in the units of `OptionValue`. Some 20 prices. Delta and the greeks of first order are within 0.1 % of the strike's
 * scale; gamma, vanna, volga and charm within 2 %, except within a step of the exercise boundary, where gamma itself jumps.
 */
export function americanValue(terms: OptionTerms, volatility: number, dividends: readonly Dividend[] = []): OptionValue {
  const { spot, years } = terms
  const at = (spotBy: number, volatilityBy: number, yearsBy = 0) =>
    americanPrice(
      { ...terms, spot: spot + spotBy, years: years + yearsBy },
      volatility + volatilityBy,
      // As time passes the dividends come nearer too.
      yearsBy === 0 ? dividends : dividends.map((dividend) => ({ ...dividend, years: dividend.years + yearsBy })),
    )
  const [s, v, t] = [spot * SPOT_STEP, Math.min(VOLATILITY_STEP, volatility / 2), years * TIME_STEP]
  const price = at(0, 0)
  const slopeIn = (volatilityBy: number, yearsBy = 0) => (at(s, volatilityBy, yearsBy) - at(-s, volatilityBy, yearsBy)) / (2 * s)
  const delta = slopeIn(0)
  const byRate = (name: 'rate' | 'dividendYield') =>
    (americanPrice({ ...terms, [name]: terms[name] + RATE_STEP }, volatility, dividends) -
      americanPrice({ ...terms, [name]: terms[name] - RATE_STEP }, volatility, dividends)) /
    (2 * RATE_STEP)
  return {
    price,
    delta,
    gamma: (at(s, 0) - 2 * price + at(-s, 0)) / (s * s),
    vega: (at(0, v) - at(0, -v)) / (2 * v),
    theta: (at(0, 0, -t) - price) / t,
    rho: byRate('rate'),
    dividendRho: byRate('dividendYield'),
    vanna: (slopeIn(v) - slopeIn(-v)) / (2 * v),
    volga: (at(0, v) - 2 * price + at(0, -v)) / (v * v),
    charm: (slopeIn(0, -t) - delta) / t,
  }
}
