/**
 * Ticks of the past. IB counts whole seconds: from a start it completes the last one, up to an end the first one, so that a client
 * that goes on from there misses nothing and more than it asked for may come.
 */

import { secondsOf, tradeFields } from '../book/served-fields.ts'
import { historicalQuoteMask } from '../book/tick-masks.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { HistoryQuery } from './history.ts'
import * as messages from '../protocol/messages.ts'
import { midpointOf } from '../book/midpoint.ts'

export const MAX_TICKS = 1000

interface Stamped {
  seconds: number
}

export interface TicksWanted {
  reqId: number
  listed: ListedContract
  fromUs: number
  /** The last moment that counts. */
  toUs: number
  count: number
  /** The first so many of the time, not the last. */
  isFirst: boolean
  whatToShow: string
  useRth: boolean
  ignoreSize: boolean
}

/** Undefined for what cannot be shown. */
export function ticksQuery(wanted: TicksWanted): HistoryQuery | undefined {
  const { reqId, listed, fromUs, toUs, isFirst, whatToShow, useRth, ignoreSize } = wanted
  const isWanted = (tsUs: number) => !useRth || listed.hours.isOpenAt(tsUs)
  const base = { reqId, listed, fromUs, toUs }
  const count = Math.min(wanted.count, MAX_TICKS)
  switch (whatToShow) {
    case 'TRADES': {
      const trades = new Window<messages.TradeFields & Stamped>(count, isFirst)
      return {
        ...base,
        trade: (trade) => isWanted(trade.tsUs) && trades.add({ seconds: secondsOf(trade), ...tradeFields(trade) }),
        isComplete: () => trades.isComplete,
        answer: (writer) => messages.writeHistoricalTrades(writer, reqId, trades.ticks()),
      }
    }
    case 'BID_ASK': {
      const quotes = new Window<messages.QuoteFields & Stamped>(count, isFirst)
      let prices = ''
      return {
        ...base,
        quote: (quote) => {
          const { bidPrice = -1, askPrice = -1, bidSize = 0, askSize = 0 } = quote
          const before = prices
          prices = `${bidPrice} ${askPrice}`
          if (!isWanted(quote.tsUs) || (ignoreSize && prices === before)) return
          quotes.add({ seconds: secondsOf(quote), bidPrice, askPrice, bidSize, askSize, mask: historicalQuoteMask(quote) })
        },
        isComplete: () => quotes.isComplete,
        answer: (writer) => messages.writeHistoricalQuotes(writer, reqId, quotes.ticks()),
      }
    }
    case 'MIDPOINT': {
      const mids = new Window<Stamped & { price: number }>(count, isFirst)
      let latest = Number.NaN
      return {
        ...base,
        quote: (quote) => {
          const { bidPrice, askPrice } = quote
          if (bidPrice === undefined || askPrice === undefined) return
          const price = midpointOf(bidPrice, askPrice)
          if (price === latest || !isWanted(quote.tsUs)) return
          latest = price
          mids.add({ seconds: secondsOf(quote), price })
        },
        isComplete: () => mids.isComplete,
        answer: (writer) => messages.writeHistoricalMidpoints(writer, reqId, mids.ticks()),
      }
    }
    default:
      return undefined
  }
}

/** The first or the last so many ticks, and the rest of the second in which they end. */
class Window<T extends Stamped> {
  /** A tick behind the last that is wanted has come. */
  isComplete = false
  #ticks: T[] = []
  readonly #count: number
  readonly #isFirst: boolean

  constructor(count: number, isFirst: boolean) {
    this.#count = count
    this.#isFirst = isFirst
  }

  add(tick: T): void {
    const ticks = this.#ticks
    if (this.#isFirst) {
      if (ticks.length < this.#count || ticks.at(-1)?.seconds === tick.seconds) ticks.push(tick)
      else this.isComplete = true
      return
    }
    ticks.push(tick)
    if (ticks.length > 2 * this.#count + MAX_TICKS) this.#ticks = this.#last()
  }

  ticks(): readonly T[] {
    return this.#isFirst ? this.#ticks : this.#last()
  }

  #last(): T[] {
    const from = this.#ticks.at(-this.#count)?.seconds
    const first = from === undefined ? 0 : this.#ticks.findIndex(({ seconds }) => seconds === from)
    return this.#ticks.slice(first)
  }
}
