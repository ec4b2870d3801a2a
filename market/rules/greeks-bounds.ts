import type { Greeks } from '../tick.ts'
import { positive } from './own-settings.ts'
import { defineRule } from './rule.ts'

/** What model values may be off by where they reach a bound. */
const TOLERANCE = 1e-6

/** Zero is a value: far from the money all of them are. */
export const greeksBounds = defineRule({
  name: 'greeks-bounds',
  about: 'A greek or implied volatility that no option can have.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['greeks'],
  settings: {
    mostVolatility: positive(
      10,
      'an annual fraction: 10 is 1000 %',
      'An implied volatility above this annual fraction is flagged: 10 is 1000 %.',
    ),
  },
  create: ({ mostVolatility }) => ({
    check(greeks, { contract }) {
      const right = contract?.kind === 'option' ? contract.right : undefined
      const reason =
        outside('delta', greeks.delta, right === 'C' ? 0 : -1, right === 'P' ? 0 : 1) ??
        belowZero(greeks) ??
        outside('implied volatility', greeks.impliedVolatility, 0, mostVolatility)
      return reason === undefined ? undefined : { reason }
    },
  }),
})

function belowZero({ gamma, vega, optionPrice, underlyingPrice, pvDividend }: Greeks): string | undefined {
  const most = Number.POSITIVE_INFINITY
  return (
    outside('gamma', gamma, 0, most) ??
    outside('vega', vega, 0, most) ??
    outside('option price', optionPrice, 0, most) ??
    outside('underlying price', underlyingPrice, 0, most) ??
    outside('present value of dividends', pvDividend, 0, most)
  )
}

function outside(name: string, value: number | undefined, least: number, most: number): string | undefined {
  if (value === undefined || (value >= least - TOLERANCE && value <= most + TOLERANCE)) return undefined
  const range = most === Number.POSITIVE_INFINITY ? `below ${least}` : `not from ${least} to ${most}`
  return `${name} ${value} is ${range}`
}
