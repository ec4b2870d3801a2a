import { z } from 'zod'

import { isMarked, Mark } from '../marks.ts'
import { sidesOf } from './chain/witness.ts'
import { defineRule } from './rule.ts'

/** Sampled quotes of behind a stall, of the start of a line or of yesterday are not of the moment of the ticks beside them. */
const OTHER_MOMENT = Mark.late | Mark.initial | Mark.frozen

/** The lowest bid and the highest ask, tick by tick, that stood in a stretch of time. */
interface Stretch {
  fromUs: number
  lowBid: number
  highAsk: number
}

/** Tick-by-tick quotes of one instrument: those of the stretch at hand and of the one before it, and the latest. */
interface Window {
  now: Stretch
  before: Stretch
  bidPrice: number
  askPrice: number
}

/**
 * A stock that is recorded tick by tick has a second book, complete and without sampling. A sampled quote must be one that stood there a
 * moment ago; one that is wholly above or below all of them is old or wrong, or the tick-by-tick line is dead.
 */
export const sampledQuote = defineRule({
  name: 'sampled-quote',
  about: 'A sampled quote that no tick-by-tick quote of the same moment bears out.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  settings: {
    windowMs: z
      .int({ error: 'milliseconds, 1 or more' })
      .min(1, { error: 'milliseconds, 1 or more' })
      .default(2000)
      .describe('How long ago, at least, a tick-by-tick quote may have stood, in milliseconds.'),
    percent: z
      .number({ error: 'a percentage of 0 or above' })
      .min(0, { error: 'a percentage of 0 or above' })
      .default(0.05)
      .describe('How far the sampled quote may be outside of them, in percent.'),
  },
  create: ({ windowMs, percent }) => {
    const windows: (Window | undefined)[] = []
    const windowUs = windowMs * 1000
    return {
      check(quote, { slot }) {
        const window = windows[slot]
        const { bidPrice, askPrice } = quote
        if (window === undefined || quote.source !== undefined || bidPrice === undefined || askPrice === undefined) return undefined
        if (quote.delayed === true || isMarked(quote, OTHER_MOMENT)) return undefined
        const isBeforeUsed = quote.tsUs - window.now.fromUs <= windowUs
        const lowBid = Math.min(window.bidPrice, window.now.lowBid, isBeforeUsed ? window.before.lowBid : Infinity)
        const highAsk = Math.max(window.askPrice, window.now.highAsk, isBeforeUsed ? window.before.highAsk : -Infinity)
        const allowed = (askPrice * percent) / 100
        if (bidPrice <= highAsk + allowed && askPrice >= lowBid - allowed) return undefined
        return { reason: `${sidesOf(bidPrice, askPrice)} is outside of what stood tick by tick, ${sidesOf(lowBid, highAsk)}` }
      },
      take(quote, { slot }) {
        if (quote.source === undefined || quote.verdict?.disposition === 'quarantine') return
        const { bidPrice, askPrice, tsUs } = quote
        if (bidPrice === undefined || askPrice === undefined) {
          windows[slot] = undefined
          return
        }
        const window = (windows[slot] ??= { now: stretchOf(tsUs), before: stretchOf(tsUs), bidPrice, askPrice })
        if (tsUs - window.now.fromUs > windowUs) {
          const { before } = window
          window.before = window.now
          window.now = before
          before.fromUs = tsUs
          // What stood when the stretch began, stood in it.
          before.lowBid = window.bidPrice
          before.highAsk = window.askPrice
        }
        const { now } = window
        window.bidPrice = bidPrice
        window.askPrice = askPrice
        now.lowBid = Math.min(now.lowBid, bidPrice)
        now.highAsk = Math.max(now.highAsk, askPrice)
      },
      takeControl(record, context) {
        const isOver = record.kind === 'line' && record.event === 'closed' && record.feed === 'tick-by-tick-quotes'
        if (isOver && context) windows[context.slot] = undefined
        else if (record.kind === 'session' && record.event === 'interrupted') windows.length = 0
      },
    }
  },
})

function stretchOf(fromUs: number): Stretch {
  return { fromUs, lowBid: Infinity, highAsk: -Infinity }
}
