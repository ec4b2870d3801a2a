/** A TickLine is one client's tick-by-tick subscription: it gets every record of the tape, one message each, nothing merged. */

import type { Quote, Trade } from '../../../market/tick.ts'
import { EMPTY_PRICE, type QuoteFields, quoteTickHead, writeMidpointTick, writeQuoteTick, writeTradeTick } from '../protocol/messages.ts'
import type { TickKind } from '../protocol/tick-types.ts'
import type { Book } from './book.ts'
import { midpointOf } from './midpoint.ts'
import type { Outlet } from './outlet.ts'
import { isTwoSided, NONE, pricedAt, sizedAt } from './quote-sides.ts'
import { secondsOf, tradeFields } from './served-fields.ts'
import { quoteMask } from './tick-masks.ts'

export interface TickLineOptions {
  kind: TickKind
  /** A quote whose prices stay is not sent. */
  ignoreSize?: boolean
  /** Ticks of the tape up to here are sent as history, and so is the state that the line finds. */
  afterUs?: number
}

type Times = Pick<Quote, 'tsUs' | 'eventTsUs'>

export class TickLine {
  readonly reqId: number
  readonly book: Book
  readonly kind: TickKind
  /** As `pricedAt` has them; NaN: nothing was sent yet. */
  #bidPrice = Number.NaN
  #askPrice = Number.NaN
  #midPrice = Number.NaN
  readonly #ignoreSize: boolean
  readonly #afterUs: number
  readonly #outlet: Outlet
  readonly #head: Uint8Array
  /** The message that is written next: one struct for all, as there are many. */
  readonly #fields: QuoteFields = { bidPrice: 0, askPrice: 0, bidSize: 0, askSize: 0, mask: 0 }

  constructor(
    reqId: number,
    book: Book,
    outlet: Outlet,
    { kind, ignoreSize = false, afterUs = Number.NEGATIVE_INFINITY }: TickLineOptions,
  ) {
    this.reqId = reqId
    this.book = book
    this.kind = kind
    this.#ignoreSize = ignoreSize
    this.#afterUs = afterUs
    this.#outlet = outlet
    this.#head = quoteTickHead(reqId)
    const quote = book.tickByTickQuote
    if (afterUs === Number.NEGATIVE_INFINITY || quote === undefined) return
    this.#bidPrice = pricedAt(quote.bidPrice, quote.bidSize)
    this.#askPrice = pricedAt(quote.askPrice, quote.askSize)
    if (isTwoSided(quote)) this.#midPrice = midpointOf(quote.bidPrice, quote.askPrice)
  }

  /** Returns the messages it sent, 0 or 1. */
  trade(tsUs: number, trade: Trade): number {
    const { kind } = this
    if ((kind !== 'Last' && kind !== 'AllLast') || trade.tsUs <= this.#afterUs) return 0
    this.#outlet.atTapeTime(tsUs, false)
    writeTradeTick(this.#outlet.writer, this.reqId, kind === 'Last' ? 1 : 2, secondsOf(trade), tradeFields(trade))
    this.#outlet.spill()
    return 1
  }

  /** Sends a quote at the times of a tick, or of the line's opening. Returns the messages it sent, 0 or 1. */
  quote(tsUs: number, quote: Quote, times: Times): number {
    const { kind } = this
    if ((kind !== 'BidAsk' && kind !== 'MidPoint') || times.tsUs <= this.#afterUs) return 0
    const bidPrice = pricedAt(quote.bidPrice, quote.bidSize)
    const askPrice = pricedAt(quote.askPrice, quote.askSize)
    const isMoved = bidPrice !== this.#bidPrice || askPrice !== this.#askPrice
    this.#bidPrice = bidPrice
    this.#askPrice = askPrice
    if (kind === 'MidPoint') return isMoved ? this.#midpoint(tsUs, quote, times) : 0
    if (!isMoved && this.#ignoreSize) return 0
    const fields = this.#fields
    fields.bidPrice = bidPrice === NONE ? EMPTY_PRICE : bidPrice
    fields.askPrice = askPrice === NONE ? EMPTY_PRICE : askPrice
    fields.bidSize = sizeBeside(bidPrice, sizedAt(quote.bidPrice, quote.bidSize))
    fields.askSize = sizeBeside(askPrice, sizedAt(quote.askPrice, quote.askSize))
    fields.mask = quoteMask(quote)
    this.#outlet.atTapeTime(tsUs, false)
    writeQuoteTick(this.#outlet.writer, this.#head, secondsOf(times), fields)
    this.#outlet.spill()
    return 1
  }

  #midpoint(tsUs: number, quote: Quote, times: Times): number {
    if (!isTwoSided(quote)) return 0
    const price = midpointOf(quote.bidPrice, quote.askPrice)
    if (price === this.#midPrice) return 0
    this.#midPrice = price
    this.#outlet.atTapeTime(tsUs, false)
    writeMidpointTick(this.#outlet.writer, this.reqId, secondsOf(times), price)
    this.#outlet.spill()
    return 1
  }
}

/** One message has both, so that a size beside an empty side's -1 would make it a price. */
function sizeBeside(price: number, size: number): number {
  if (price === NONE) return 0
  return size === NONE ? Number.NaN : size
}
