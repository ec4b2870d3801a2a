import { isMarked, Mark } from '../marks.ts'
import type { Quote } from '../tick.ts'
import { bookOf } from './book.ts'
import { positive } from './own-settings.ts'
import { defineRule, isTwoSided, type RuleContext } from './rule.ts'

const US_PER_MS = 1000
const HALF_HOUR_US = 30 * 60_000 * US_PER_MS
/** Trading goes on for so long behind the close of US stocks. */
const EVENING_HALF_HOURS = 8

/**
 * A bid above its own ask is a stale side. Sides that move one after the other cross for a moment, and outside of regular hours they may
 * stay so: that is flagged. A deep cross is an error at any time, but before the open, when orders only gather, it keeps nothing out.
 * Locked (equal) is legal, and another rule's matter.
 */
export const crossedQuote = defineRule({
  name: 'crossed-quote',
  about: 'A bid above its own ask. Kept out when it is deep or lasts; flagged while it is short, and before the open.',
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
    deepPrice: positive(0.1, 'a price', 'But not one by less than this in price: cheap options move in steps of many percent.'),
  },
  create({ lastsMs, deepPercent, deepPrice }) {
    /** By book: since when its sides are crossed; NaN while they are not. */
    const crossedUs: number[] = []
    return {
      check(quote, context) {
        if (!isTwoSided(quote) || !(quote.bidPrice > quote.askPrice)) return undefined
        const { bidPrice, askPrice, tsUs } = quote
        const reason = `bid ${bidPrice} is above ask ${askPrice}`
        if (isMarked(quote, Mark.preOpen)) return { reason: `${reason}, before the open`, severity: 'info', disposition: 'flag' }
        const phase = context.phaseAt(tsUs)
        const isRegular = phase === undefined || phase === 'regular'
        const percent = ((bidPrice - askPrice) / Math.abs((bidPrice + askPrice) / 2)) * 100
        if (!(percent <= deepPercent || bidPrice - askPrice <= deepPrice)) {
          const found = { reason: `${reason} by ${percent.toFixed(1)} % of the middle` }
          return isRegular || isBehindClose(context, tsUs) ? found : { ...found, disposition: 'flag' }
        }
        if (!isRegular) return { reason: `${reason}, outside of regular hours`, severity: 'info', disposition: 'flag' }
        const lastedMs = (tsUs - (crossedUs[bookOf(quote, context)] ?? Number.NaN)) / US_PER_MS
        if (lastedMs >= lastsMs) return { reason: `${reason} for ${Math.round(lastedMs)} ms` }
        return { reason: `${reason} for less than ${lastsMs} ms`, severity: 'warning', disposition: 'flag' }
      },
      take(quote, context) {
        const book = bookOf(quote, context)
        if (!isTwoSided(quote) || !(quote.bidPrice > quote.askPrice) || mayStayCrossed(quote, context)) crossedUs[book] = Number.NaN
        else if (!(quote.tsUs >= (crossedUs[book] ?? Number.NaN))) crossedUs[book] = quote.tsUs
      },
      takeControl(record, context) {
        const isOpening = record.kind === 'line' && record.event === 'opened'
        if (!isOpening && record.kind !== 'gap' && !(record.kind === 'session' && record.event === 'interrupted')) return
        if (context) crossedUs.fill(Number.NaN, context.slot * 2, context.slot * 2 + 2)
        else crossedUs.fill(Number.NaN)
      },
    }
  },
})

/** Before the open sides may be crossed for long: the time that they may take begins with the open. */
function mayStayCrossed(quote: Quote, context: RuleContext): boolean {
  const phase = context.phaseAt(quote.tsUs)
  return isMarked(quote, Mark.preOpen) || (phase !== undefined && phase !== 'regular')
}

function isBehindClose(context: RuleContext, tsUs: number): boolean {
  for (let i = 1; i <= EVENING_HALF_HOURS; i++) if (context.phaseAt(tsUs - i * HALF_HOUR_US) === 'regular') return true
  return false
}
