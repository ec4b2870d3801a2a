/**
 * Option values for a tape that has none: the implied volatility of the middle of the option's quote over the middle of its
 * underlying's, and the greeks at it, as of a European option without dividends. IB's model knows both; ours says so little on purpose.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import type { OptionContract } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { impliedVolatility } from '../../../market/option/implied-volatility.ts'
import { type OptionTerms, optionValue } from '../../../market/option/pricing.ts'
import type { Quote } from '../../../market/tick.ts'
import type { OptionFigures } from '../protocol/messages.ts'
import { midpointOf } from './midpoint.ts'
import { isTwoSided } from './quote-sides.ts'

const US_PER_YEAR = 365 * 86_400 * 1_000_000
const DAYS_PER_YEAR = 365
const CLOSE_MS = 16 * 3_600_000

/** Whatever has a latest quote. */
export interface Quoted {
  readonly quote: Quote | undefined
}

export class ComputedGreeks {
  readonly #contract: OptionContract
  readonly #underlying: Quoted
  readonly #rate: number
  readonly #expiryUs: number

  /** `rate`: continuously compounded annual fraction. */
  constructor(contract: OptionContract, underlying: Quoted, rate: number) {
    this.#contract = contract
    this.#underlying = underlying
    this.#rate = rate
    this.#expiryUs = closeOf(contract)
  }

  /** Undefined without two-sided quotes, at or behind the expiry, and where no volatility explains the price. */
  at(tsUs: number, option: Quote): OptionFigures | undefined {
    const underlying = this.#underlying.quote
    if (!isTwoSided(option) || !isTwoSided(underlying)) return undefined
    const spot = midpointOf(underlying.bidPrice, underlying.askPrice)
    const { right, strike } = this.#contract
    const terms: OptionTerms = { right, strike, spot, years: (this.#expiryUs - tsUs) / US_PER_YEAR, rate: this.#rate, dividendYield: 0 }
    const price = midpointOf(option.bidPrice, option.askPrice)
    const volatility = impliedVolatility(terms, price)
    if (volatility === undefined) return undefined
    const { delta, gamma, vega, theta } = optionValue(terms, volatility)
    return {
      impliedVolatility: volatility,
      delta,
      optionPrice: price,
      pvDividend: 0,
      gamma,
      vega: vega / 100,
      theta: theta / DAYS_PER_YEAR,
      underlyingPrice: spot,
    }
  }
}

/** The end of the last session, or 16:00 in New York for a day that the calendar does not know. */
function closeOf({ expiry, lastTradeDate }: OptionContract): number {
  try {
    const date = lastTradeDate ?? nyse.lastTradeDateFor(expiry)
    return nyse.session(date)?.closeUs ?? nyse.zone.toUs(date, CLOSE_MS)
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
    return nyse.zone.toUs(expiry, CLOSE_MS)
  }
}
