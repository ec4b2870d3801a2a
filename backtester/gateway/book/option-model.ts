/**
 * The model behind computed option values: a European option without dividends. IB's model knows both; ours says so little on purpose.
 * Vega is per point of volatility, theta per day, as IB's.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import type { OptionContract } from '../../../market/contract.ts'
import { TapedeckError } from '../../../market/errors.ts'
import { impliedVolatility } from '../../../market/option/implied-volatility.ts'
import { type OptionTerms, optionValue } from '../../../market/option/pricing.ts'
import type { OptionFigures } from '../protocol/messages.ts'

const US_PER_YEAR = 365 * 86_400 * 1_000_000
const DAYS_PER_YEAR = 365
const POINTS = 100
const OPEN_MS = 9.5 * 3_600_000
const CLOSE_MS = 16 * 3_600_000
/** Digits of a computed price: the rest is noise. */
const PRICE_DIGITS = 12

export class OptionModel {
  readonly #contract: OptionContract
  readonly #rate: number
  readonly #expiryUs: number

  /** `rate`: continuously compounded annual fraction. */
  constructor(contract: OptionContract, rate: number) {
    this.#contract = contract
    this.#rate = rate
    this.#expiryUs = expiryUsOf(contract)
  }

  /** The volatility behind a price, and the greeks at it. Undefined at or behind the expiry, and where no volatility explains the price. */
  ofPrice(tsUs: number, spot: number, price: number): OptionFigures | undefined {
    const terms = this.#termsAt(tsUs, spot)
    const volatility = impliedVolatility(terms, price)
    return typeof volatility === 'number' ? figuresOf(terms, volatility, price) : undefined
  }

  /** The price at a volatility, and the greeks. Undefined at or behind the expiry, and for numbers that are no spot and no volatility. */
  ofVolatility(tsUs: number, spot: number, volatility: number): OptionFigures | undefined {
    const terms = this.#termsAt(tsUs, spot)
    if (!(terms.years > 0) || !(spot > 0) || !(volatility > 0) || !(terms.strike > 0)) return undefined
    return figuresOf(terms, volatility, Number(optionValue(terms, volatility).price.toPrecision(PRICE_DIGITS)))
  }

  #termsAt(tsUs: number, spot: number): OptionTerms {
    const { right, strike } = this.#contract
    return { right, strike, spot, years: (this.#expiryUs - tsUs) / US_PER_YEAR, rate: this.#rate, dividendYield: 0 }
  }
}

function figuresOf(terms: OptionTerms, volatility: number, price: number): OptionFigures {
  const { delta, gamma, vega, theta } = optionValue(terms, volatility)
  return {
    impliedVolatility: volatility,
    delta,
    optionPrice: price,
    pvDividend: 0,
    gamma,
    vega: vega / POINTS,
    theta: theta / DAYS_PER_YEAR,
    underlyingPrice: terms.spot,
  }
}

/**
 * The end of the last session, or 16:00 in New York for a day that the calendar does not know. What last trades on an earlier day is settled
 * at the opening of that session.
 */
function expiryUsOf({ expiry, lastTradeDate }: OptionContract): number {
  try {
    const settled = nyse.lastTradeDateFor(expiry)
    const date = lastTradeDate ?? settled
    if (date < settled) return nyse.session(settled)?.openUs ?? nyse.zone.toUs(settled, OPEN_MS)
    return nyse.session(date)?.closeUs ?? nyse.zone.toUs(date, CLOSE_MS)
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
    return nyse.zone.toUs(expiry, CLOSE_MS)
  }
}
