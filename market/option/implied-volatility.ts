/**
 * The volatility at which a European option is worth a price. Newton's method inside a bracket: from the point where vega is
 * largest (Manaster and Koehler, "The calculation of implied variances from the Black-Scholes model", 1982) its steps approach the
 * root from one side; a step that leaves the bracket is replaced by a bisection.
 */

import { type OptionTerms, optionPrice } from './pricing.ts'
import { normalDensity } from './normal.ts'

/** 1000 % a year and more is no option market. */
const MAX_VOLATILITY = 10
const MAX_STEPS = 100
const RELATIVE_STEP = 1e-14

/**
 * Annual fraction, or undefined where there is none: a price at or below the discounted intrinsic value, at or above what the option can
 * ever be worth, or no time left. Where vega is tiny the price says little about the volatility, whatever is returned.
 */
export function impliedVolatility(terms: OptionTerms, price: number): number | undefined {
  const { right, spot, strike, years, rate, dividendYield } = terms
  if (!(years > 0) || !(spot > 0) || !(strike > 0) || !(price > 0)) return undefined
  const forward = spot * Math.exp(-dividendYield * years)
  const discounted = strike * Math.exp(-rate * years)
  // In the money, most of the price is intrinsic and its digits are lost; by parity the other right has the same volatility.
  const inMoney = right === 'C' ? forward > discounted : forward < discounted
  const intrinsic = inMoney ? Math.abs(forward - discounted) : 0
  const target = price - intrinsic
  if (!(target > 0)) return undefined
  const solved: OptionTerms = inMoney ? { ...terms, right: right === 'C' ? 'P' : 'C' } : terms
  const root = Math.sqrt(years)
  const moneyness = Math.log(forward / discounted)

  let low = 0
  let high = MAX_VOLATILITY
  if (optionPrice(solved, high) <= target) return undefined
  let volatility = Math.min(Math.sqrt((2 * Math.abs(moneyness)) / years) || Math.min(1, (2.5 * target) / (forward * root)), high / 2)
  for (let step = 0; step < MAX_STEPS; step++) {
    const error = optionPrice(solved, volatility) - target
    if (error === 0) return volatility
    if (error > 0) high = volatility
    else low = volatility
    const deviation = volatility * root
    const vega = forward * root * normalDensity(moneyness / deviation + deviation / 2)
    const newton = volatility - error / vega
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - volatility) <= RELATIVE_STEP * volatility) return next
    volatility = next
  }
  return volatility
}
