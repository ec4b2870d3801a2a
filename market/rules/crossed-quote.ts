import { isMarked, Mark } from '../marks.ts'
import { defineRule, isTwoSided } from './rule.ts'

/** A bid above its own ask is a stale side; locked (equal) is legal, and before the open sides may cross. */
export const crossedQuote = defineRule({
  name: 'crossed-quote',
  about: 'A bid above its own ask.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  create: () => ({
    check: (quote) =>
      isTwoSided(quote) && quote.bidPrice > quote.askPrice && !isMarked(quote, Mark.preOpen)
        ? { reason: `bid ${quote.bidPrice} is above ask ${quote.askPrice}` }
        : undefined,
  }),
})
