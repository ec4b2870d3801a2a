/** A chain of TWX as the gateway lists it. */

import type { OptionContract, Right } from '../../../../market/contract.ts'

export function option(strike: number, right: Right = 'C', expiry = '2014-06-21', tradingClass = 'TWX'): OptionContract {
  return { kind: 'option', symbol: 'TWX', currency: 'USD', expiry, strike, right, multiplier: 100, tradingClass }
}

export const nameOf = ({ strike, right, expiry, tradingClass }: OptionContract): string =>
  `${tradingClass} ${expiry.slice(5)} ${strike} ${right}`
