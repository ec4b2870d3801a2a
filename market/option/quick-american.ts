/**
 * Quick approximations of American prices, about a microsecond each, for a continuous dividend yield. Both know the exercise boundary only
 * roughly: within about 1 % of the price up to a year, more beyond. `americanPrice` (american.ts) is the exact one.
 */

import { normalCumulative, normalDensity } from './normal.ts'
import { type OptionTerms, optionPrice, optionValue } from './pricing.ts'

/**
 * Barone-Adesi and Whaley, "Efficient analytic approximation of American option values" (Journal of Finance, 1987). Slightly above or below
 * the exact price.
 */
export function baroneAdesiWhaley(terms: OptionTerms, volatility: number): number {
  return quadratic(terms, volatility, false)
}

/**
 * Ju and Zhong, "An approximate formula for pricing American options" (Journal of Derivatives, 1999): the former with a correction of second
 * order. The best of the three.
 */
export function juZhong(terms: OptionTerms, volatility: number): number {
  return quadratic(terms, volatility, true)
}

function quadratic(terms: OptionTerms, volatility: number, isCorrected: boolean): number {
  const { right, spot, strike, years, rate, dividendYield } = terms
  const sign = right === 'C' ? 1 : -1
  const exercise = Math.max(0, sign * (spot - strike))
  const european = optionPrice(terms, volatility)
  if (!(years > 0) || !(volatility > 0)) return Math.max(exercise, european)
  if (right === 'C' ? dividendYield <= 0 && rate >= dividendYield : rate <= 0 && dividendYield >= rate) return european
  const variance = volatility * volatility
  const n = (2 * (rate - dividendYield)) / variance
  const faded = -Math.expm1(-rate * years)
  // 2 r / (variance x faded), whose limit without interest is 2 / (variance x years).
  const m = rate === 0 ? 2 / (variance * years) : (2 * rate) / (variance * faded)
  const root = Math.sqrt((n - 1) * (n - 1) + 4 * m)
  const power = (1 - n + sign * root) / 2
  const critical = criticalSpot(terms, volatility, power)
  if (sign * (spot - critical) >= 0) return exercise
  const atCritical = optionValue({ ...terms, spot: critical }, volatility)
  const premium = sign * (critical - strike) - atCritical.price
  let chi = 0
  if (isCorrected && rate !== 0 && premium > 0) {
    const slope = (-sign * m) / (faded * root)
    const left = ((1 - faded) * m * faded) / (sign * root)
    const b = (left * slope) / 2
    const c = -left * (-atCritical.theta / (premium * rate * (1 - faded)) + 1 / faded + slope / (sign * root))
    const distance = Math.log(spot / critical)
    chi = distance * (b * distance + c)
  }
  return Math.max(exercise, european + (premium * (spot / critical) ** power) / (1 - chi))
}

/** Where exercise pays as much as the approximation: by Newton's method, from the boundary of an option that never expires. */
function criticalSpot(terms: OptionTerms, volatility: number, power: number): number {
  const { right, strike, years, rate, dividendYield } = terms
  const sign = right === 'C' ? 1 : -1
  const root = Math.sqrt(years)
  const carry = Math.exp(-dividendYield * years)
  const variance = volatility * volatility
  const n = (2 * (rate - dividendYield)) / variance
  const perpetualPower = (1 - n + sign * Math.sqrt((n - 1) * (n - 1) + (8 * rate) / variance)) / 2
  const perpetual = strike / (1 - 1 / perpetualPower)
  const share = Math.exp((sign * -(rate - dividendYield) * years - 2 * volatility * root) * (strike / Math.abs(perpetual - strike)))
  let spot = perpetual + (strike - perpetual) * share
  if (!(spot > 0 && Number.isFinite(spot))) spot = strike
  for (let step = 0; step < 50; step++) {
    const d1 = dOne(terms, volatility, spot)
    const weight = carry * normalCumulative(sign * d1)
    const value = optionPrice({ ...terms, spot }, volatility) + (sign * (1 - weight) * spot) / power
    const slope = sign * weight * (1 - 1 / power) + (sign - (carry * normalDensity(d1)) / (volatility * root)) / power
    const error = sign * (spot - strike) - value
    if (Math.abs(error) < 1e-9 * strike) break
    spot = Math.max(spot * 0.1, spot - error / (sign - slope))
  }
  return spot
}

function dOne({ strike, years, rate, dividendYield }: OptionTerms, volatility: number, spot: number): number {
  const deviation = volatility * Math.sqrt(years)
  return (Math.log(spot / strike) + (rate - dividendYield) * years) / deviation + deviation / 2
}

/**
 * Bjerksund and Stensland, "Closed-form approximation of American options" (Scandinavian Journal of Management, 1993). Never above the exact
 * price, as it is worth of exercising at a flat boundary.
 */
export function bjerksundStensland(terms: OptionTerms, volatility: number): number {
  const { right, spot, strike, rate, dividendYield } = terms
  const european = optionPrice(terms, volatility)
  const asCall =
    right === 'C' ? terms : { ...terms, right: 'C' as const, spot: strike, strike: spot, rate: dividendYield, dividendYield: rate }
  return Math.max(european, asCall.spot - asCall.strike, flatBoundaryCall(asCall, volatility))
}

function flatBoundaryCall({ spot, strike, years, rate, dividendYield }: OptionTerms, volatility: number): number {
  const drift = rate - dividendYield
  if (!(dividendYield > 0) || !(years > 0) || !(volatility > 0)) return 0
  const variance = volatility * volatility
  const beta = 0.5 - drift / variance + Math.sqrt((drift / variance - 0.5) ** 2 + (2 * rate) / variance)
  const perpetual = (beta / (beta - 1)) * strike
  const start = Math.max(strike, (rate / dividendYield) * strike)
  const blend = -(drift * years + 2 * volatility * Math.sqrt(years)) * (start / (perpetual - start))
  const trigger = start - (perpetual - start) * Math.expm1(blend)
  if (!(trigger > strike)) return 0
  if (spot >= trigger) return spot - strike
  const market: Market = { spot, years, rate, drift, variance, trigger }
  return (
    (trigger - strike) * (spot / trigger) ** beta * (1 - phi(market, beta, trigger)) +
    spot * (phi(market, 1, trigger) - phi(market, 1, strike)) -
    strike * (phi(market, 0, trigger) - phi(market, 0, strike))
  )
}

interface Market {
  spot: number
  years: number
  rate: number
  drift: number
  variance: number
  trigger: number
}

/** Their function phi without its factor spot^gamma, which the callers have. */
function phi({ spot, years, rate, drift, variance, trigger }: Market, gamma: number, above: number): number {
  const deviation = Math.sqrt(variance * years)
  const lambda = (-rate + gamma * drift + 0.5 * gamma * (gamma - 1) * variance) * years
  const kappa = (2 * drift) / variance + 2 * gamma - 1
  const shift = (drift + (gamma - 0.5) * variance) * years
  const near = normalCumulative(-(Math.log(spot / above) + shift) / deviation)
  const far = normalCumulative(-(Math.log((trigger * trigger) / (spot * above)) + shift) / deviation)
  return Math.exp(lambda) * (near - (far === 0 ? 0 : (trigger / spot) ** kappa * far))
}
