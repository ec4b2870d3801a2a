import { isMarked, Mark } from '../marks.ts'
import type { Quote, Statistic } from '../tick.ts'
import { positive } from './own-settings.ts'
import { defineRule } from './rule.ts'

/**
 * Quotes and figures of the day are state, so that one which repeats the state is no news: flagged, as it counts in rates and not in values.
 * Trades are events and are never compared: two equal ones are two trades.
 */
export const duplicateMessage = defineRule({
  name: 'duplicate-message',
  about: 'A quote or figure that repeats the one right before it and changes nothing.',
  severity: 'info',
  disposition: 'flag',
  kinds: ['quote', 'statistic'],
  settings: { withinMs: positive(1000, 'milliseconds', 'A repetition later than that, in milliseconds, is a sample of its own.') },
  create: ({ withinMs }) => ({
    check(tick, { state }) {
      const before =
        tick.kind === 'statistic' ? state.statistics.get(tick.name) : tick.source === undefined ? state.quote : state.tickByTickQuote
      if (before === undefined || !(tick.tsUs - before.tsUs <= withinMs * 1000) || isMarked(tick, Mark.initial)) return undefined
      const repeats = tick.kind === 'quote' ? isSameQuote(tick, before as Quote) : isSameStatistic(tick, before as Statistic)
      return repeats ? { reason: `repeats what came ${((tick.tsUs - before.tsUs) / 1000).toFixed(1)} ms before` } : undefined
    },
  }),
})

function isSameQuote(a: Quote, b: Quote): boolean {
  return (
    a.bidPrice === b.bidPrice &&
    a.askPrice === b.askPrice &&
    a.bidSize === b.bidSize &&
    a.askSize === b.askSize &&
    a.eventTsUs === b.eventTsUs &&
    a.marks === b.marks &&
    a.delayed === b.delayed
  )
}

function isSameStatistic(a: Statistic, b: Statistic): boolean {
  return a.value === b.value && a.text === b.text && a.eventTsUs === b.eventTsUs && a.marks === b.marks && a.delayed === b.delayed
}
