import { isMarked, Mark } from '../marks.ts'
import { setsPrice } from '../trade-conditions.ts'
import { positive } from './own-settings.ts'
import { defineRule, isBelieved, isTwoSided } from './rule.ts'

/** What stood, what is older than its time says, what is reported to nobody as a last sale. */
const NOT_OF_NOW = Mark.initial | Mark.frozen | Mark.late | Mark.unreported

/**
 * A trade is reported some time behind the quote that it was made on, so that a little outside is usual. Trades whose conditions say that
 * they set no price were made on other terms.
 */
export const tradeOutsideQuote = defineRule({
  name: 'trade-outside-quote',
  about: 'A trade far below the bid or above the ask that stand at its time.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['trade'],
  settings: {
    spreads: positive(1, 'spreads', 'How far outside it may be, in spreads of the quote; the larger of the two counts.'),
    percent: positive(0.25, 'percent of the middle of bid and ask', 'The same in percent of the middle of bid and ask.'),
    quoteAgeMs: positive(10_000, 'milliseconds', 'An older quote, in milliseconds, says nothing of the trade.'),
  },
  create: ({ spreads, percent, quoteAgeMs }) => ({
    check(trade, { state }) {
      const quote = (trade.source === 'tick-by-tick' ? state.tickByTickQuote : undefined) ?? state.quote
      if (quote === undefined || !isTwoSided(quote)) return undefined
      const { bidPrice, askPrice } = quote
      const outside = trade.price > askPrice ? trade.price - askPrice : bidPrice - trade.price
      if (!(outside > 0) || !(askPrice >= bidPrice) || !(trade.tsUs - quote.tsUs <= quoteAgeMs * 1000)) return undefined
      const allowed = Math.max((askPrice - bidPrice) * spreads, (((bidPrice + askPrice) / 2) * percent) / 100)
      if (outside <= allowed || isMarked(trade, NOT_OF_NOW) || isMarked(quote, Mark.frozen)) return undefined
      if (!setsPrice(trade) || !isBelieved(quote)) return undefined
      return { reason: `trade at ${trade.price} is outside of bid ${bidPrice} and ask ${askPrice}` }
    },
  }),
})
