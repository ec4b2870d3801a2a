import { isMarked, Mark } from '../marks.ts'
import type { Quote } from '../tick.ts'
import { bookOf } from './book.ts'
import { positive } from './own-settings.ts'
import { RecentChanges, type Sides } from './recent-changes.ts'
import { defineRule, isTwoSided, type RuleContext } from './rule.ts'

/** What stands, what came in a heap behind a stall, and what is from before the open begin a level and are no step from the one before. */
const NO_STEP = Mark.initial | Mark.frozen | Mark.late | Mark.preOpen

/** The scale of a normal distribution is so many times its median absolute deviation. */
const SCALE_PER_MEDIAN = 1.4826

/**
 * A step of the middle that is large beside the recent ones of the same book. The scale is their median absolute deviation, which one bad
 * quote does not move. Never keeps a quote out: news moves prices.
 */
export const priceJump = defineRule({
  name: 'price-jump',
  about: 'A step of the middle of bid and ask that is large beside recent steps of the same instrument and beside its spread.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote', 'statistic'],
  settings: {
    scales: positive(10, 'times the scale of recent steps', 'Larger steps are flagged, in times the scale of the recent ones.'),
    spreads: positive(1, 'spreads', 'A step within so many spreads is none, whatever the scale.'),
    percent: positive(0.5, 'percent of the middle of bid and ask', 'Nor is one of less than so many percent of the middle.'),
  },
  create({ scales, spreads, percent }) {
    const recent = new RecentChanges()
    const medians = SCALE_PER_MEDIAN * scales

    /** Of a quote that is far from the level. */
    function jumpOf(quote: Quote & Sides, book: number, context: RuleContext) {
      const [level, scale] = [recent.level(book), recent.median(book) * SCALE_PER_MEDIAN]
      const mid = (quote.bidPrice + quote.askPrice) / 2
      const step = Math.abs(mid - level)
      if (step <= Math.max(quote.askPrice - quote.bidPrice, recent.width(book)) * spreads || step * 100 <= mid * percent) return undefined
      if (isOtherPhase(quote, context) || (context.state.statistics.get('halted')?.value ?? 0) > 0) return undefined
      return {
        reason: `the middle went from ${round(level)} to ${round(mid)}, ${(step / scale).toFixed(0)} times the scale of recent steps`,
      }
    }

    return {
      check(tick, context) {
        if (tick.kind !== 'quote' || !isWhole(tick) || isMarked(tick, NO_STEP)) return undefined
        const book = bookOf(tick, context)
        return recent.isFar(book, tick, medians) ? jumpOf(tick, book, context) : undefined
      },
      take(tick, context) {
        if (tick.kind === 'statistic') {
          if (tick.name === 'halted') recent.forget(context.slot * 2, 2)
          return
        }
        const book = bookOf(tick, context)
        if (tick.verdict?.disposition === 'quarantine') return
        if (!isWhole(tick)) recent.forget(book, 1)
        else recent.take(book, tick, !isMarked(tick, NO_STEP))
      },
      takeControl(record, context) {
        const isBreak = record.kind === 'gap' || (record.kind === 'line' && record.event === 'opened') || record.kind === 'session'
        if (!isBreak || (record.kind === 'session' && record.event !== 'interrupted')) return
        if (context) recent.forget(context.slot * 2, 2)
        else recent.forgetAll()
      },
    }
  },
})

function isWhole(quote: Quote): quote is Quote & Sides {
  return isTwoSided(quote) && quote.bidPrice >= 0 && quote.askPrice >= quote.bidPrice
}

/** The open and the close begin levels of their own. */
function isOtherPhase(quote: Quote, context: RuleContext): boolean {
  const before = quote.source === undefined ? context.state.quote : context.state.tickByTickQuote
  return before !== undefined && context.phaseAt(before.tsUs) !== context.phaseAt(quote.tsUs)
}

const round = (price: number) => Number(price.toPrecision(8))
