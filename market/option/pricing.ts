/**
 * European options on an underlying with a continuous dividend yield: Black and Scholes (1973), Merton (1973).
 * Hull, Options, Futures, and Other Derivatives, ch. 17 (values) and 19 (greeks).
 */

import type { Right } from '../contract.ts'
import { normalCumulative, normalDensity } from './normal.ts'

/** Everything but the volatility. Rates are continuously compounded annual fractions: 0.05 is 5 %. */
export interface OptionTerms {
  right: Right
  spot: number
  strike: number
  /** Time to expiry in years, ACT/365. */
  years: number
  rate: number
  dividendYield: number
}

/** Per unit of the underlying. */
export interface OptionValue {
  price: number
  /** Per 1.00 of spot. */
  delta: number
  /** Of delta, per 1.00 of spot. */
  gamma: number
  /** Per 1.00 of volatility. */
  vega: number
  /** Per year of passing time. */
  theta: number
  /** Per 1.00 of the rate. */
  rho: number
}

/** The price alone. At expiry or without volatility it is the discounted intrinsic value of the forward. */
export function optionPrice({ right, spot, strike, years, rate, dividendYield }: OptionTerms, volatility: number): number {
  const discounted = strike * Math.exp(-rate * years)
  const forward = spot * Math.exp(-dividendYield * years)
  const deviation = volatility * Math.sqrt(years)
  const sign = right === 'C' ? 1 : -1
  if (!(deviation > 0)) return Math.max(0, sign * (forward - discounted))
  const d1 = Math.log(forward / discounted) / deviation + deviation / 2
  return sign * (forward * normalCumulative(sign * d1) - discounted * normalCumulative(sign * (d1 - deviation)))
}

/** Price and greeks. At expiry or without volatility gamma, vega and theta of the optionality are 0. */
export function optionValue(terms: OptionTerms, volatility: number): OptionValue {
  const { right, spot, strike, years, rate, dividendYield } = terms
  const discount = Math.exp(-rate * years)
  const carry = Math.exp(-dividendYield * years)
  const root = Math.sqrt(years)
  const deviation = volatility * root
  const sign = right === 'C' ? 1 : -1
  const moneyness = Math.log((spot * carry) / (strike * discount))
  const d1 = deviation > 0 ? moneyness / deviation + deviation / 2 : sign * (sign * moneyness > 0 ? Infinity : -Infinity)
  const d2 = deviation > 0 ? d1 - deviation : d1
  const density = deviation > 0 ? normalDensity(d1) : 0
  const inUnderlying = spot * carry * normalCumulative(sign * d1)
  const inCash = strike * discount * normalCumulative(sign * d2)
  return {
    price: sign * (inUnderlying - inCash),
    delta: sign * carry * normalCumulative(sign * d1),
    gamma: deviation > 0 ? (carry * density) / (spot * deviation) : 0,
    vega: spot * carry * density * root,
    theta: (years > 0 ? (-spot * carry * density * volatility) / (2 * root) : 0) + sign * (dividendYield * inUnderlying - rate * inCash),
    rho: sign * years * inCash,
  }
}
