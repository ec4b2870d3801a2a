import { isMarked, Mark } from '../marks.ts'
import type { Quote, Trade } from '../tick.ts'
import { positive } from './own-settings.ts'
import { defineRule, type RuleContext } from './rule.ts'

const US_PER_MS = 1000
const STREAMS = ['quote', 'tick-by-tick quote', 'last', 'rt-volume', 'tick-by-tick', 'import']

/** What stood before the line was asked for has an earlier time by right; so has what IB gives of a close that is over. */
const STATE = Mark.initial | Mark.frozen

export const eventTime = defineRule({
  name: 'event-time',
  about: "A venue's time that lies ahead of the tick's own, or behind the time of an earlier tick of the same stream.",
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote', 'trade'],
  settings: {
    aheadMs: positive(5000, 'milliseconds', 'How far it may lie ahead, in milliseconds: clocks differ.'),
    backMs: positive(1000, 'milliseconds', 'How far it may go back, in milliseconds: most sources give whole seconds.'),
  },
  create({ aheadMs, backMs }) {
    /** By stream: the latest time so far. */
    const latestUs: number[] = []
    return {
      check(tick, context) {
        const { eventTsUs, tsUs } = tick
        if (eventTsUs === undefined || isMarked(tick, STATE)) return undefined
        const aheadOfTick = (eventTsUs - tsUs) / US_PER_MS
        if (aheadOfTick > aheadMs) return { reason: `the venue's time is ${Math.round(aheadOfTick)} ms ahead` }
        const backMsFound = ((latestUs[streamOf(tick, context)] ?? Number.NaN) - eventTsUs) / US_PER_MS
        return backMsFound > backMs ? { reason: `the venue's time is ${Math.round(backMsFound)} ms behind an earlier one` } : undefined
      },
      take(tick, context) {
        const { eventTsUs, tsUs } = tick
        // One from the future would make all that follow late.
        if (eventTsUs === undefined || isMarked(tick, STATE) || eventTsUs - tsUs > aheadMs * US_PER_MS) return
        const stream = streamOf(tick, context)
        if (!(eventTsUs <= (latestUs[stream] ?? Number.NaN))) latestUs[stream] = eventTsUs
      },
    }
  },
})

function streamOf(tick: Quote | Trade, { slot }: RuleContext): number {
  const name = tick.kind === 'trade' ? tick.source : tick.source === undefined ? 'quote' : 'tick-by-tick quote'
  return slot * STREAMS.length + STREAMS.indexOf(name)
}
