import { isTwoSided, type QuoteRule } from './rule.ts'

/** A bid above its own ask is a stale side; locked (equal) is legal. */
export const crossedQuote: QuoteRule = {
  name: 'crossed-quote',
  on: 'quote',
  severity: 'quarantine',
  check: (quote) =>
    isTwoSided(quote) && quote.bidPrice > quote.askPrice ? `bid ${quote.bidPrice} is above ask ${quote.askPrice}` : undefined,
}
