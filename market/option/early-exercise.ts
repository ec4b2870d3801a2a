/** When the holder of an American option should not wait. Hull, ch. 11.5 to 11.7 and 15.12. The boundary of a continuous yield is in american.ts. */

import { discountFactor, type RatePoint } from './carry.ts'

/**
 * True when a call in the money is worth more exercised the evening before the ex-date than kept: the dividend exceeds what is given up,
 * the call's time value. A short call is then at risk of assignment.
 *
 * @param price of the call before the ex-date, with the dividend still in the spot.
 */
export function isCallExerciseDue({
  price,
  spot,
  strike,
  dividend,
}: {
  price: number
  spot: number
  strike: number
  dividend: number
}): boolean {
  return spot > strike && dividend > price - (spot - strike)
}

/**
 * True when a call can be worth exercising before this dividend at all, whatever its price: when it exceeds the interest on the
 * strike until the next dividend or the expiry.
 *
 * @param years from this ex-date to the next one, or to the expiry.
 */
export function canCallExercisePay({
  dividend,
  strike,
  rate,
  years,
}: {
  dividend: number
  strike: number
  rate: number
  years: number
}): boolean {
  return dividend > strike * -Math.expm1(-rate * years)
}

/**
 * The strike from which on no call is worth exercising before any of these dividends, whatever its price: the interest on it until the
 * next one, or until expiry, exceeds each. 0 without dividends, Infinity where money brings nothing.
 *
 * @param dividends by rising days; those within `days` count.
 * @param days until expiry.
 */
export function neverExercisedFrom(
  dividends: readonly { days: number; amount: number }[],
  points: readonly RatePoint[],
  days: number,
): number {
  const inside = dividends.filter((dividend) => dividend.days > 0 && dividend.days <= days)
  return inside.reduce((strike, dividend, i) => {
    const until = inside[i + 1]?.days ?? days
    const interest = 1 - discountFactor(points, until) / discountFactor(points, dividend.days)
    return Math.max(strike, interest > 0 ? dividend.amount / interest : Number.POSITIVE_INFINITY)
  }, 0)
}

/** True when a put in the money is better exercised: the interest on the strike until expiry exceeds its time value and the dividends until then. */
export function isPutExerciseDue({
  price,
  spot,
  strike,
  rate,
  years,
  dividends,
}: {
  price: number
  spot: number
  strike: number
  rate: number
  years: number
  /** Their present value. */
  dividends: number
}): boolean {
  return strike > spot && strike * -Math.expm1(-rate * years) - dividends > price - (strike - spot)
}
