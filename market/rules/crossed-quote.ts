import { isMarked, Mark } from '../marks.ts'
import { bookOf } from './book.ts'
import { positive } from './own-settings.ts'
import { defineRule, isTwoSided } from './rule.ts'

const US_PER_MS = 1000

/**
 * A bid above its own ask is a stale side. Sides that move one after the other cross for a moment, and before the open and behind the
 * close they may stay so: that is flagged. Locked (equal) is legal, and another rule's matter.
 */
export const crossedQuote = defineRule({
  name: 'crossed-quote',
  about: 'A bid above its own ask. Kept out when it is deep or lasts; flagged while it is short, and outside of regular hours.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  settings: {
    lastsMs: positive(250, 'milliseconds', 'Sides that are crossed for so long by the records, in milliseconds, are kept out.'),
    deepPercent: positive(
      10,
      'percent of the middle of bid and ask',
      'A cross by more than so many percent of the middle is kept out at once.',
    ),
  },
  create({ lastsMs, deepPercent }) {
    /** By book: since when its sides are crossed; NaN while they are not. */
    const crossedUs: number[] = []
    return {
      check(quote, context) {
        if (!isTwoSided(quote) || !(quote.bidPrice > quote.askPrice)) return undefined
        const { bidPrice, askPrice, tsUs } = quote
        const reason = `bid ${bidPrice} is above ask ${askPrice}`
        const phase = context.phaseAt(tsUs)
        if (isMarked(quote, Mark.preOpen) || (phase !== undefined && phase !== 'regular'))
          return { reason: `${reason}, outside of regular hours`, severity: 'info', disposition: 'flag' }
        const percent = ((bidPrice - askPrice) / Math.abs((bidPrice + askPrice) / 2)) * 100
        if (!(percent <= deepPercent)) return { reason: `${reason} by ${percent.toFixed(1)} % of the middle` }
        const lastedMs = (tsUs - (crossedUs[bookOf(quote, context)] ?? Number.NaN)) / US_PER_MS
        if (lastedMs >= lastsMs) return { reason: `${reason} for ${Math.round(lastedMs)} ms` }
        return { reason: `${reason} for less than ${lastsMs} ms`, severity: 'warning', disposition: 'flag' }
      },
      take(quote, context) {
        const book = bookOf(quote, context)
        if (!isTwoSided(quote) || !(quote.bidPrice > quote.askPrice)) crossedUs[book] = Number.NaN
        else if (!(quote.tsUs >= (crossedUs[book] ?? Number.NaN))) crossedUs[book] = quote.tsUs
      },
    }
  },
})
