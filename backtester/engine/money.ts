/**
 * Money as a whole number of 1/10,000 of a currency, so that sums of it are exact and an account balances to the unit. Up to 900 billion fit
 * into a number.
 */

/** A whole number of 1/10,000 of the currency. */
export type Units = number

const UNITS = 10_000

/** @throws RangeError for what is no amount, or one too large to be exact */
export function toUnits(amount: number): Units {
  // A half is rounded away from 0, so that the two sides of a trade are the same amount.
  const units = Math.sign(amount) * Math.round(Math.abs(amount) * UNITS)
  if (!Number.isSafeInteger(units)) throw new RangeError(`expected an amount of money up to 900 billion, found ${amount}`)
  return units === 0 ? 0 : units
}

export function fromUnits(units: Units): number {
  return units / UNITS
}

/** What so many units of an instrument are worth at a price per unit of its underlying. */
export function worth(price: number, quantity: number, multiplier: number): Units {
  return toUnits(price * quantity * multiplier)
}

/** `total * part / whole`, rounded to a unit; exact where the product does not fit into a number. */
export function share(total: Units, part: number, whole: number): Units {
  const product = total * part
  if (Number.isSafeInteger(product) || !Number.isSafeInteger(part) || !Number.isSafeInteger(whole)) return Math.round(product / whole)
  const [numerator, denominator] = [BigInt(total) * BigInt(part) * 2n, BigInt(whole) * 2n]
  const half = numerator < 0n === denominator < 0n ? BigInt(whole) : -BigInt(whole)
  return Number((numerator + half) / denominator)
}
