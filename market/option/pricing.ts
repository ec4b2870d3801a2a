/**
 * European options on an underlying with a continuous dividend yield: Black and Scholes (1973), Merton (1973).
 * Values and first greeks as in Hull, Options, Futures, and Other Derivatives, ch. 17 and 19; the mixed ones as in
 * Haug, The Complete Guide to Option Pricing Formulas (2007), ch. 2.
 *
 * Dividends that are paid on known days are taken off the spot first (dividends.ts); a borrow fee adds to the yield (carry.ts).
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

/** Per unit of the underlying. Nothing is scaled to points or days: IB's vega is 1/100 of this one, its theta 1/365. */
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
  /** Per 1.00 of the dividend yield. */
  dividendRho: number
  /** Of delta, per 1.00 of volatility; the same as of vega per 1.00 of spot. */
  vanna: number
  /** Of vega, per 1.00 of volatility. Also called vomma. */
  volga: number
  /** Of delta, per year of passing time. */
  charm: number
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

/** Price and greeks. At expiry or without volatility gamma, vega, vanna, volga and the theta of the optionality are 0. */
export function optionValue(terms: OptionTerms, volatility: number): OptionValue {
  const { right, spot, strike, years, rate, dividendYield } = terms
  const discount = Math.exp(-rate * years)
  const carry = Math.exp(-dividendYield * years)
  const root = Math.sqrt(years)
  const deviation = volatility * root
  const isOption = deviation > 0
  const sign = right === 'C' ? 1 : -1
  const moneyness = Math.log((spot * carry) / (strike * discount))
  const d1 = isOption ? moneyness / deviation + deviation / 2 : sign * (sign * moneyness > 0 ? Infinity : -Infinity)
  const d2 = isOption ? d1 - deviation : d1
  const density = isOption ? normalDensity(d1) : 0
  const forwardDelta = sign * carry * normalCumulative(sign * d1)
  const inUnderlying = spot * forwardDelta
  const inCash = sign * strike * discount * normalCumulative(sign * d2)
  const vega = spot * carry * density * root
  return {
    price: inUnderlying - inCash,
    delta: forwardDelta,
    gamma: isOption ? (carry * density) / (spot * deviation) : 0,
    vega,
    theta: (isOption ? (-spot * carry * density * volatility) / (2 * root) : 0) + dividendYield * inUnderlying - rate * inCash,
    rho: years * inCash,
    dividendRho: -years * inUnderlying,
    vanna: isOption ? (-carry * density * d2) / volatility : 0,
    volga: isOption ? (vega * d1 * d2) / volatility : 0,
    charm: dividendYield * forwardDelta - (isOption ? carry * density * ((rate - dividendYield) / deviation - d2 / (2 * years)) : 0),
  }
}
