import type { Dividend } from './dividends.ts'
import { presentValue } from './dividends.ts'
import type { OptionTerms } from './pricing.ts'

/**
 * What an American option is worth without volatility: the best of its discounted exercise values along the forward. Between two ex-dates
 * these are A e^(-qt) - K e^(-rt) and a constant, which has one extreme.
 */
export function certainPrice({ right, spot, strike, years, rate, dividendYield }: OptionTerms, dividends: readonly Dividend[]): number {
  const sign = right === 'C' ? 1 : -1
  const free = spot - presentValue(dividends, rate, 0, years)
  const turn = Math.log((rate * strike) / (dividendYield * free)) / (rate - dividendYield)
  let best = 0
  for (const at of [0, years, turn, ...dividends.map((dividend) => dividend.years)]) {
    // On an ex-date the holder still has what is paid: exercise is the evening before.
    for (const held of [at, at - 1e-9]) {
      if (!(held >= 0 && held <= years)) continue
      const worth = free * Math.exp(-dividendYield * held) + presentValue(dividends, rate, held, years) * Math.exp(-rate * held)
      best = Math.max(best, sign * (worth - strike * Math.exp(-rate * held)))
    }
  }
  return best
}
