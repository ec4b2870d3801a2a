/**
 * American options on a binomial tree: Leisen and Reimer, "Binomial models for option valuation" (1996), which puts the strike onto a node
 * and so converges smoothly. The one method here for dividends on known days: they are escrowed (Hull, ch. 21.3): what is
 * lognormal is the spot less their present value, which is added back where exercise is considered.
 */

import { certainPrice } from './certain-price.ts'
import { type Dividend, presentValue } from './dividends.ts'
import type { OptionTerms } from './pricing.ts'

/** Odd, as the method wants it. Error about 1e-4 of the strike at 101 steps, and a quarter of it at twice as many. */
const STEPS = 401

/**
 * Price per unit of the underlying.
 *
 * @param dividends what one unit pays before expiry, by years from now; `terms.dividendYield` is paid besides.
 * @param steps an odd number.
 */
export function binomialPrice(terms: OptionTerms, volatility: number, dividends: readonly Dividend[] = [], steps = STEPS): number {
  const { right, strike, years, rate, dividendYield } = terms
  const sign = right === 'C' ? 1 : -1
  const spot = terms.spot - presentValue(dividends, rate, 0, years)
  const step = years / steps
  const deviation = volatility * Math.sqrt(years)
  const d1 = (Math.log(spot / strike) + (rate - dividendYield) * years) / deviation + deviation / 2
  const up = probability(d1 - deviation, steps)
  const down = probability(deviation - d1, steps)
  if (!(up > 0 && down > 0)) return certainPrice(terms, dividends)
  const growth = Math.exp((rate - dividendYield) * step)
  const rise = (growth * probability(d1, steps)) / up
  const fall = (growth * probability(-d1, steps)) / down
  const discount = Math.exp(-rate * step)
  const [inUp, inDown] = [discount * up, discount * down]
  const values = new Float64Array(steps + 1)
  for (let i = 0, level = spot * fall ** steps; i <= steps; i++, level *= rise / fall) values[i] = Math.max(0, sign * (level - strike))
  for (let at = steps - 1; at >= 0; at--) {
    const escrowed = presentValue(dividends, rate, at * step, years)
    const exercise = escrowed - strike
    for (let i = 0, level = spot * fall ** at; i <= at; i++, level *= rise / fall) {
      const held = inUp * (values[i + 1] as number) + inDown * (values[i] as number)
      values[i] = Math.max(held, sign * (level + exercise))
    }
  }
  return values[0] as number
}

/** Peizer and Pratt's inversion of the binomial distribution (method 2). Of -d it is the complement, with all its digits. */
function probability(d: number, steps: number): number {
  const ratio = d / (steps + 1 / 3 + 0.1 / (steps + 1))
  const exponent = ratio * ratio * (steps + 1 / 6)
  const root = Math.sqrt(-Math.expm1(-exponent))
  return d < 0 ? (0.5 * Math.exp(-exponent)) / (1 + root) : 0.5 + 0.5 * root
}
