/** Dividends that are paid on known days. */

export interface Dividend {
  /** From now to the ex-date, ACT/365. */
  years: number
  /** Per unit of the underlying. */
  amount: number
}

/**
 * What the dividends after `from` and up to `until` (years from now, both) are worth at `from`, at a continuously compounded rate. For a
 * European option this is all there is to them: the spot less this value is what the option is written on (escrowed dividends, Hull ch. 15.12).
 */
export function presentValue(dividends: readonly Dividend[], rate: number, from: number, until: number): number {
  let sum = 0
  for (let i = 0; i < dividends.length; i++) {
    const { years, amount } = dividends[i] as Dividend
    if (years > from && years <= until) sum += amount * Math.exp(-rate * (years - from))
  }
  return sum
}
