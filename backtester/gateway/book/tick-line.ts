/** A TickLine is one client's tick-by-tick subscription: it gets every record of the tape, one message each, nothing merged. */

import type { Quote, Trade } from '../../../market/tick.ts'
import type { Book } from './book.ts'
import { secondsOf, tradeFields } from './served-fields.ts'
import type { Outlet } from './line.ts'
import { writeMidpointTick, writeQuoteTick, writeTradeTick } from '../protocol/messages.ts'
import { midpointOf } from './midpoint.ts'

export type TickKind = 'Last' | 'AllLast' | 'BidAsk' | 'MidPoint'

export interface TickLineOptions {
  kind: TickKind
  /** A quote whose prices stay is not told. */
  ignoreSize?: boolean
  /** Ticks of the tape up to here are told otherwise, and so is the state that the line finds. */
  afterUs?: number
}

export class TickLine {
  readonly reqId: number
  readonly book: Book
  readonly kind: TickKind
  #bidPrice = Number.NaN
  #askPrice = Number.NaN
  #midPrice = Number.NaN
  readonly #ignoreSize: boolean
  readonly #afterUs: number
  readonly #outlet: Outlet

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
    if (afterUs === Number.NEGATIVE_INFINITY) return
    const { bidPrice, askPrice, isTwoSided } = book.ticks
    this.#bidPrice = bidPrice
    this.#askPrice = askPrice
    if (isTwoSided) this.#midPrice = midpointOf(bidPrice, askPrice)
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

  /** Tells the book's quote. Returns the messages it sent, 0 or 1. */
  quote(tsUs: number, times: Pick<Quote, 'tsUs' | 'eventTsUs'>): number {
    const { kind } = this
    if ((kind !== 'BidAsk' && kind !== 'MidPoint') || times.tsUs <= this.#afterUs) return 0
    const quote = this.book.ticks
    const isMoved = quote.bidPrice !== this.#bidPrice || quote.askPrice !== this.#askPrice
    this.#bidPrice = quote.bidPrice
    this.#askPrice = quote.askPrice
    if (kind === 'MidPoint') return isMoved && quote.isTwoSided ? this.#midpoint(tsUs, times) : 0
    if (!isMoved && this.#ignoreSize) return 0
    this.#outlet.atTapeTime(tsUs, false)
    writeQuoteTick(this.#outlet.writer, this.reqId, secondsOf(times), quote)
    this.#outlet.spill()
    return 1
  }

  #midpoint(tsUs: number, times: Pick<Quote, 'tsUs' | 'eventTsUs'>): number {
    const price = midpointOf(this.book.ticks.bidPrice, this.book.ticks.askPrice)
    if (price === this.#midPrice) return 0
    this.#midPrice = price
    this.#outlet.atTapeTime(tsUs, false)
    writeMidpointTick(this.#outlet.writer, this.reqId, secondsOf(times), price)
    this.#outlet.spill()
    return 1
  }
}
