/**
 * What option prices must keep to, whatever model one believes in: beyond a bound there is an arbitrage. Hull, Options, Futures, and Other
 * Derivatives, ch. 11; Merton, "Theory of rational option pricing" (1973).
 *
 * All per unit of the underlying. `discount` is e^(-rT), what 1 at expiry is worth now; `dividends` the present value of what the underlying
 * pays until then. Plain numbers in and out: the rules call these for every quote. To compare quotes, use the sides at which one can trade:
 * a lower bound is broken when an ask is below what the other legs bring at their bids.
 */

import type { OptionContract, Right } from '../contract.ts'
import { indexClassOf } from '../indices.ts'

export type ExerciseStyle = 'american' | 'european'

/** Index options are European, but for those on the S&P 100 under OEX; all others are taken for American, as stock options are. */
export function exerciseStyleOf({ tradingClass, symbol }: Pick<OptionContract, 'tradingClass' | 'symbol'>): ExerciseStyle {
  const index = indexClassOf(tradingClass)
  return index !== undefined && index.symbol === symbol && symbol !== 'OEX' ? 'european' : 'american'
}

/** False where the style is a guess: exchanges outside of the United States list European options on stocks and on indices that no list here names. */
export function isStyleKnown({ tradingClass, currency }: Pick<OptionContract, 'tradingClass' | 'currency'>): boolean {
  return currency === 'USD' || indexClassOf(tradingClass) !== undefined
}

/**
 * True when the bounds below hold against the underlying itself. Options on VIX are priced off its future, so no parity or intrinsic
 * value of theirs is tied to the index; an adjusted class delivers something else.
 */
export function isPricedOffSpot(contract: Pick<OptionContract, 'symbol' | 'tradingClass'>): boolean {
  return contract.symbol !== 'VIX' && !isAdjusted(contract)
}

/** True for a class that delivers something else since a split or a merger (TWX1). */
export function isAdjusted({ symbol, tradingClass }: Pick<OptionContract, 'symbol' | 'tradingClass'>): boolean {
  return tradingClass !== symbol && /\d$/.test(tradingClass)
}

/** The least an option is worth: what exercise brings now (American), or at expiry along the forward. Never below 0. */
export function lowerBound(style: ExerciseStyle, right: Right, spot: number, strike: number, discount: number, dividends: number): number {
  const sign = right === 'C' ? 1 : -1
  const atExpiry = sign * (spot - dividends - strike * discount)
  return Math.max(0, atExpiry, style === 'american' ? sign * (spot - strike) : 0)
}

/** The most an option is worth: a call what it delivers, a put what it is paid with. */
export function upperBound(style: ExerciseStyle, right: Right, spot: number, strike: number, discount: number, dividends: number): number {
  if (style === 'american') return right === 'C' ? spot : strike * Math.max(1, discount)
  return right === 'C' ? spot - dividends : strike * discount
}

/** The least that a call less the put of the same strike is worth. European: equal to `parityHigh`. */
export function parityLow(style: ExerciseStyle, spot: number, strike: number, discount: number, dividends: number): number {
  return spot - dividends - strike * (style === 'american' ? Math.max(1, discount) : discount)
}

/** The most that a call less the put of the same strike is worth. */
export function parityHigh(style: ExerciseStyle, spot: number, strike: number, discount: number, dividends: number): number {
  return style === 'american' ? spot - strike * Math.min(1, discount) : spot - dividends - strike * discount
}

/**
 * The most that two options of one expiry and right differ by: of two calls the lower strike is worth more, of two puts the higher one, and
 * never by more than this.
 */
export function verticalHigh(style: ExerciseStyle, width: number, discount: number): number {
  return width * (style === 'american' ? Math.max(1, discount) : discount)
}

/**
 * Prices are convex in the strike: C(middle) <= w C(low) + (1 - w) C(high), puts likewise. Returns w, the share of the lower wing.
 */
export function butterflyWeight(low: number, middle: number, high: number): number {
  return (high - middle) / (high - low)
}
