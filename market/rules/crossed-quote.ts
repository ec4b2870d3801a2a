import { isMarked, Mark } from '../marks.ts'
import { isTwoSided, type QuoteRule } from './rule.ts'

/** A bid above its own ask is a stale side; locked (equal) is legal, and before the open sides may cross. */
export const crossedQuote: QuoteRule = {
  name: 'crossed-quote',
  on: 'quote',
  severity: 'error',
  disposition: 'quarantine',
  check: (quote) =>
    isTwoSided(quote) && quote.bidPrice > quote.askPrice && !isMarked(quote, Mark.preOpen)
      ? `bid ${quote.bidPrice} is above ask ${quote.askPrice}`
      : undefined,
}
