/**
 * Ticks of the past. IB counts whole seconds: from a start it completes the last one, up to an end the first one, so that a client
 * that goes on from there misses nothing and more than it asked for may come.
 */

import { nyse } from '../../../market/calendar/calendar.ts'
import type { Client } from '../server/answers.ts'
import { Code } from '../protocol/codes.ts'
import { secondsOf, tradeFields } from '../book/served-fields.ts'
import { RequestError } from '../protocol/field-reader.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { HistoryQuery } from './history.ts'
import { parseTime, type WireTime } from './history-times.ts'
import { findOne } from '../contracts/find-contract.ts'
import * as messages from '../protocol/messages.ts'
import { midpointOf } from '../book/midpoint.ts'
import type { HistoricalTicksRequest } from '../protocol/requests.ts'

const MAX_TICKS = 1000

interface Stamped {
  seconds: number
}

export function historicalTicksQuery(request: HistoricalTicksRequest, client: Client): HistoryQuery {
  const { reqId, query } = request
  const listed = findOne(query, reqId, client)
  const start = readTime(request.start, reqId, client)
  const end = readTime(request.end, reqId, client)
  if (!start && !end) throw new RequestError(Code.invalidRequest, reqId, 'Please enter a start or an end time of the historical ticks')
  if (request.count < 1) throw new RequestError(Code.invalidRequest, reqId, `Expected 1 to ${MAX_TICKS} ticks, found ${request.count}`)
  const toUs = Math.min(client.host.nowUs, (end?.tsUs ?? Number.POSITIVE_INFINITY) - 1)
  const ticks = ticksQuery({ ...request, listed, fromUs: start?.tsUs ?? 0, toUs, isFirst: start !== undefined })
  if (!ticks)
    throw new RequestError(Code.invalidRequest, reqId, `Expected TRADES, BID_ASK or MIDPOINT to show, found ${request.whatToShow}`)
  return ticks
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
  const isWanted = (tsUs: number) => !useRth || nyse.isOpenAt(tsUs)
  const base = { reqId, listed, fromUs, toUs }
  const count = Math.min(wanted.count, MAX_TICKS)
  switch (whatToShow) {
    case 'TRADES': {
      const trades = new Window<messages.TradeFields & Stamped>(count, isFirst)
      return {
        ...base,
        trade: (trade) => isWanted(trade.tsUs) && trades.add({ seconds: secondsOf(trade), ...tradeFields(trade) }),
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
          quotes.add({ seconds: secondsOf(quote), bidPrice, askPrice, bidSize, askSize })
        },
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
        answer: (writer) => messages.writeHistoricalMidpoints(writer, reqId, mids.ticks()),
      }
    }
    default:
      return undefined
  }
}

/**
 * A time of a request; undefined when it is empty. A client that leaves out the zone is warned, as IB does.
 *
 * @throws RequestError 10314 when it is none.
 */
export function readTime(text: string, reqId: number, { writer }: Client): WireTime | undefined {
  const time = text === '' ? undefined : parseTime(text)
  if (text !== '' && !time)
    throw new RequestError(
      Code.invalidTime,
      reqId,
      `The date, time, or time-zone entered is invalid: expected yyyymmdd-hh:mm:ss (UTC) or yyyymmdd hh:mm:ss zone, found ${text}`,
    )
  if (time && !time.isExplicit)
    messages.writeError(
      writer,
      reqId,
      Code.implicitTimeZone,
      'Warning: a time without a time zone was read as US/Eastern: write yyyymmdd-hh:mm:ss for UTC',
    )
  return time
}

/** The first or the last so many ticks, and the rest of the second in which they end. */
class Window<T extends Stamped> {
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
