/** A TickLine is one client's tick-by-tick subscription: it gets every record of the tape, one message each, nothing merged. */

import type { Quote, Trade } from '../../market/tick.ts'
import type { Book } from './book.ts'
import { secondsOf, tradeFields } from './facets.ts'
import type { Outlet } from './line.ts'
import { writeMidpointTick, writeQuoteTick, writeTradeTick } from './messages.ts'
import { midpointOf } from './midpoint.ts'

export type TickKind = 'Last' | 'AllLast' | 'BidAsk' | 'MidPoint'

export class TickLine {
  readonly reqId: number
  readonly book: Book
  readonly kind: TickKind
  #bidPrice = Number.NaN
  #askPrice = Number.NaN
  #midPrice = Number.NaN
  readonly #ignoreSize: boolean
  readonly #outlet: Outlet

  /** `ignoreSize`: a quote whose prices stay is not told. */
  constructor(reqId: number, book: Book, kind: TickKind, ignoreSize: boolean, outlet: Outlet) {
    this.reqId = reqId
    this.book = book
    this.kind = kind
    this.#ignoreSize = ignoreSize
    this.#outlet = outlet
  }

  /** Returns the messages it sent, 0 or 1. */
  trade(tsUs: number, trade: Trade): number {
    const { kind } = this
    if (kind !== 'Last' && kind !== 'AllLast') return 0
    this.#outlet.atTapeTime(tsUs, false)
    writeTradeTick(this.#outlet.writer, this.reqId, kind === 'Last' ? 1 : 2, secondsOf(trade), tradeFields(trade))
    this.#outlet.spill()
    return 1
  }

  /** Tells the book's quote. Returns the messages it sent, 0 or 1. */
  quote(tsUs: number, times: Pick<Quote, 'tsUs' | 'eventTsUs'>): number {
    const { book, kind } = this
    if (kind !== 'BidAsk' && kind !== 'MidPoint') return 0
    const isMoved = book.bidPrice !== this.#bidPrice || book.askPrice !== this.#askPrice
    this.#bidPrice = book.bidPrice
    this.#askPrice = book.askPrice
    if (kind === 'MidPoint') return isMoved && book.isTwoSided ? this.#midpoint(tsUs, times) : 0
    if (!isMoved && this.#ignoreSize) return 0
    this.#outlet.atTapeTime(tsUs, false)
    writeQuoteTick(this.#outlet.writer, this.reqId, secondsOf(times), book)
    this.#outlet.spill()
    return 1
  }

  #midpoint(tsUs: number, times: Pick<Quote, 'tsUs' | 'eventTsUs'>): number {
    const price = midpointOf(this.book.bidPrice, this.book.askPrice)
    if (price === this.#midPrice) return 0
    this.#midPrice = price
    this.#outlet.atTapeTime(tsUs, false)
    writeMidpointTick(this.#outlet.writer, this.reqId, secondsOf(times), price)
    this.#outlet.spill()
    return 1
  }
}
