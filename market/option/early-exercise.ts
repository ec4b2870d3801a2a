/** When the holder of an American option should not wait. Hull, ch. 11.5 to 11.7 and 15.12. The boundary of a continuous yield is in american.ts. */

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
