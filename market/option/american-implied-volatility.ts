/** The volatility at which an American option is worth a price, or why there is none. */

import { americanPrice } from './american.ts'
import { type Dividend, presentValue } from './dividends.ts'
import { impliedVolatility, type NoVolatility } from './implied-volatility.ts'
import { type OptionTerms, optionValue } from './pricing.ts'

const MAX_VOLATILITY = 10
const MAX_STEPS = 60
/** Of the volatility. */
const CLOSE = 1e-8

/**
 * Annual fraction, or the reason why there is none; some five times the work of `americanPrice`. At the exercise value and below every
 * volatility under some level gives the same price, so there the answer is `below-intrinsic`.
 *
 * The European volatility of the same price is never below the American one: the search begins there, and goes on by secants inside a
 * bracket.
 */
export function americanImpliedVolatility(
  terms: OptionTerms,
  price: number | undefined,
  dividends: readonly Dividend[] = [],
): number | NoVolatility {
  if (price === undefined || !(price > 0)) return 'no-price'
  if (!(terms.years > 0)) return 'expired'
  if (!(terms.spot > 0 && terms.strike > 0) || !Number.isFinite(terms.rate + terms.dividendYield)) return 'no-terms'
  if (!(price > americanPrice(terms, 0, dividends))) return 'below-intrinsic'
  if (!(price < (terms.right === 'C' ? terms.spot : terms.strike))) return 'above-bound'
  const escrowed = { ...terms, spot: terms.spot - presentValue(dividends, terms.rate, 0, terms.years) }
  const european = impliedVolatility(escrowed, price)
  let low = 0
  let high = typeof european === 'number' ? european * (1 + CLOSE) : MAX_VOLATILITY
  let volatility = typeof european === 'number' ? european : 1
  let error = americanPrice(terms, volatility, dividends) - price
  let slope = optionValue(escrowed, volatility).vega
  for (let step = 0; step < MAX_STEPS && error !== 0; step++) {
    if (error < 0) low = Math.max(low, volatility)
    else high = Math.min(high, volatility)
    if (high - low <= CLOSE * high) break
    let next = volatility - error / slope
    if (!(next > low && next < high)) next = (low + high) / 2
    const nextError = americanPrice(terms, next, dividends) - price
    const moved = next - volatility
    slope = (nextError - error) / moved
    volatility = next
    error = nextError
    if (Math.abs(moved) <= CLOSE * volatility) break
  }
  return volatility >= MAX_VOLATILITY * (1 - CLOSE) ? 'above-bound' : volatility
}
