/** Ticks out of messages that need no other message: figures, option values, RTVolume, tick-by-tick data. And empty ones to be filled. */

import { Mark } from '../../../market/marks.ts'
import type { Quote, Tick, Trade } from '../../../market/tick.ts'
import type { FieldMessage, TickByTickMessage } from '../messages.ts'
import { marksOfPrice, marksOfQuote, marksOfTrade } from './masks.ts'
import { GREEKS_BASIS, RT_VOLUME, STATISTICS } from './tick-types.ts'

/** What all ticks of a message have in common. */
export interface TickBase {
  seq: 0
  tsUs: 0
  instrument: number
  delayed: true | undefined
  marks: number | undefined
}

export function tickBase(instrument: number, delayed: boolean, marks: number): TickBase {
  return { seq: 0, tsUs: 0, instrument, delayed: delayed || undefined, marks: marks || undefined }
}

/** With every field of its kind from the beginning, so that all quotes are of one shape to the engine. */
export function emptyQuote(instrument: number, delayed: boolean): Quote {
  return {
    kind: 'quote',
    seq: 0,
    tsUs: 0,
    instrument,
    eventTsUs: undefined,
    bidPrice: undefined,
    askPrice: undefined,
    bidSize: undefined,
    askSize: undefined,
    source: undefined,
    delayed: delayed || undefined,
    marks: undefined,
    verdict: undefined,
  }
}

export function sampledTrade(instrument: number, delayed: boolean): Trade {
  return { kind: 'trade', ...tickBase(instrument, delayed, 0), price: Number.NaN, source: 'last' }
}

export type Sides = Pick<Quote, 'bidPrice' | 'bidSize' | 'askPrice' | 'askSize'>

/** A side without a price has no size of 0 either. */
export function fillQuote(quote: Quote, { bidPrice, bidSize, askPrice, askSize }: Sides): void {
  quote.bidPrice = bidPrice
  quote.bidSize = bidPrice === undefined && !bidSize ? undefined : bidSize
  quote.askPrice = askPrice
  quote.askSize = askPrice === undefined && !askSize ? undefined : askSize
}

/**
 * IB says "no bid" as price -1 with size 0. A price of -1 with a size is a price: some indices and spreads have it. Only the size inside
 * the message decides: one that follows by itself makes no price of what was none.
 */
export function isNoPrice(price: number | undefined, size: number | undefined): boolean {
  return price === undefined || (price === -1 && !size)
}

/** A tick-by-tick message is a whole tick. */
export function wholeTick(instrument: number, delayed: boolean, marks: number, message: TickByTickMessage): Tick {
  if (message.type === 'tick-by-tick-quote') {
    const quote = emptyQuote(instrument, delayed)
    quote.eventTsUs = message.eventTsUs
    quote.source = 'tick-by-tick'
    const { bidPrice, bidSize, askPrice, askSize } = message
    const noBid = isNoPrice(bidPrice, bidSize)
    const noAsk = isNoPrice(askPrice, askSize)
    fillQuote(quote, { bidPrice: noBid ? undefined : bidPrice, bidSize, askPrice: noAsk ? undefined : askPrice, askSize })
    quote.marks = marks | marksOfQuote(message.mask) || undefined
    return quote
  }
  const { eventTsUs, price = Number.NaN, size, venue, conditions } = message
  return {
    kind: 'trade',
    ...tickBase(instrument, delayed, marks | marksOfTrade(message.mask)),
    eventTsUs,
    price,
    size,
    source: 'tick-by-tick',
    venue,
    conditions,
    verdict: undefined,
  }
}

/** What a message says that is no field of a quote or a sampled trade; undefined when its type is not mapped. */
export function ticksOf(base: TickBase, tickType: number, message: FieldMessage): Tick[] | undefined {
  if (message.type === 'greeks') {
    const basis = GREEKS_BASIS[tickType]
    if (!basis) return undefined
    const { impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice } = message
    return [{ kind: 'greeks', ...base, basis, impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice }]
  }
  if (message.type === 'text' && tickType === RT_VOLUME) return realTimeVolume(base, message.text)
  const name = STATISTICS[tickType]
  if (!name) return undefined
  switch (message.type) {
    case 'price': {
      const marks = (base.marks ?? 0) | marksOfPrice(message.mask, Mark.pastLimit) || undefined
      // No such price: -1 without a size that says otherwise (IB's size of 0 is usual on day figures).
      return [{ kind: 'statistic', ...base, marks, name, value: message.price === -1 ? undefined : message.price }]
    }
    case 'size':
      return [{ kind: 'statistic', ...base, name, value: message.size }]
    case 'generic':
      return [{ kind: 'statistic', ...base, name, value: message.value }]
    case 'text':
      return [{ kind: 'statistic', ...base, name, text: message.text }]
  }
}

/** Undefined for what is no time: NaN, or a number that the gateway meant in another unit, past all times that a tape can hold. */
export function wholeUs(us: number): number | undefined {
  return Number.isSafeInteger(us) ? us : undefined
}

/** RTVolume: `price;size;time in ms;day volume;VWAP;single trade`. Price and size are empty when only the totals moved. */
function realTimeVolume(base: TickBase, text: string): Tick[] {
  const [price, size, timeMs, volume, vwap] = text.split(';').map((part) => (part === '' ? undefined : Number(part)))
  const eventTsUs = wholeUs(Math.round((timeMs ?? Number.NaN) * 1000))
  const ticks: Tick[] = []
  if (finite(price) !== undefined)
    ticks.push({ kind: 'trade', ...base, eventTsUs, price: price as number, size: finite(size), source: 'rt-volume' })
  if (finite(volume) !== undefined) ticks.push({ kind: 'statistic', ...base, eventTsUs, name: 'rt-day-volume', value: volume })
  if (finite(vwap) !== undefined) ticks.push({ kind: 'statistic', ...base, eventTsUs, name: 'rt-vwap', value: vwap })
  // Nothing readable: kept as it came rather than lost.
  if (ticks.length === 0) ticks.push({ kind: 'statistic', ...base, name: 'rt-volume', text })
  return ticks
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined
}
