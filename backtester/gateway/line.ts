/**
 * A Book is the latest best bid and ask of one contract as the wire says it; a Line is one client's subscription to it and
 * what was last sent there. An empty side is price -1 with size 0, as IB sends it. NaN: not known, nothing sent.
 */

import type { ListedContract } from './contracts.ts'
import { TickType, writeTickPrice, writeTickSize } from './messages.ts'
import type { FrameWriter } from './wire.ts'

const EMPTY_PRICE = -1

/** Where a line's messages go: one client's connection. */
export interface Outlet {
  readonly writer: FrameWriter
  /**
   * Called before the messages of each tick with its tape time, never an earlier one than before.
   * `isRepeated`: the line's tick before this one had the same time, and nothing else would keep the two apart.
   */
  atTapeTime(tsUs: number, isRepeated: boolean): void
  /** Called behind the messages of each tick. */
  spill(): void
}

export class Book {
  bidPrice = Number.NaN
  bidSize = Number.NaN
  askPrice = Number.NaN
  askSize = Number.NaN
  readonly lines: Line[] = []
  readonly listed: ListedContract

  constructor(listed: ListedContract) {
    this.listed = listed
  }

  get isKnown(): boolean {
    return !Number.isNaN(this.bidPrice)
  }

  /** Takes a quote whose absent fields are NaN. False when nothing changed. */
  update(bidPrice: number, askPrice: number, bidSize: number, askSize: number): boolean {
    const hasBid = Number.isFinite(bidPrice)
    const hasAsk = Number.isFinite(askPrice)
    const bid = hasBid ? bidPrice : EMPTY_PRICE
    const ask = hasAsk ? askPrice : EMPTY_PRICE
    const bidUnits = hasBid && Number.isFinite(bidSize) ? bidSize : 0
    const askUnits = hasAsk && Number.isFinite(askSize) ? askSize : 0
    if (bid === this.bidPrice && ask === this.askPrice && bidUnits === this.bidSize && askUnits === this.askSize) return false
    this.bidPrice = bid
    this.askPrice = ask
    this.bidSize = bidUnits
    this.askSize = askUnits
    return true
  }
}

export class Line {
  readonly reqId: number
  readonly book: Book
  /** Changes of the book since the last tick. */
  pending = 0
  #bidPrice = Number.NaN
  #bidSize = Number.NaN
  #askPrice = Number.NaN
  #askSize = Number.NaN
  #sentUs = Number.NaN
  readonly #outlet: Outlet

  constructor(reqId: number, book: Book, outlet: Outlet) {
    this.reqId = reqId
    this.book = book
    this.#outlet = outlet
  }

  /** Sends what differs from what was last sent, as one tick. Returns its messages; 0 when nothing differs. */
  send(tsUs: number): number {
    const { book, reqId } = this
    const bidMoved = book.bidPrice !== this.#bidPrice
    const askMoved = book.askPrice !== this.#askPrice
    const bidResized = !bidMoved && book.bidSize !== this.#bidSize
    const askResized = !askMoved && book.askSize !== this.#askSize
    const messages = Number(bidMoved || bidResized) + Number(askMoved || askResized)
    if (messages === 0) return 0
    this.#outlet.atTapeTime(tsUs, tsUs === this.#sentUs)
    this.#sentUs = tsUs
    const { writer } = this.#outlet
    if (bidMoved) writeTickPrice(writer, reqId, TickType.bid, book.bidPrice, book.bidSize, maskOf(book.bidPrice, book.bidSize))
    else if (bidResized) writeTickSize(writer, reqId, TickType.bidSize, book.bidSize)
    if (askMoved) writeTickPrice(writer, reqId, TickType.ask, book.askPrice, book.askSize, maskOf(book.askPrice, book.askSize))
    else if (askResized) writeTickSize(writer, reqId, TickType.askSize, book.askSize)
    this.#bidPrice = book.bidPrice
    this.#bidSize = book.bidSize
    this.#askPrice = book.askPrice
    this.#askSize = book.askSize
    this.#outlet.spill()
    return messages
  }
}

/** Bit 0: can be executed against. Nothing can on an empty side. */
function maskOf(price: number, size: number): number {
  return price === EMPTY_PRICE && size === 0 ? 0 : 1
}
