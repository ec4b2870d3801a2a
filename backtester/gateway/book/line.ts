/** A Line is one client's subscription to the market data of one contract, and what was last sent there. */

import { type Book, EMPTY_PRICE } from './book.ts'
import type { Facet } from './served-fields.ts'
import { writeMarketDataType, writeOptionComputation, writeTickPrice, writeTickSize } from '../protocol/messages.ts'
import type { MarketTotals } from './sampler.ts'
import { GREEKS_TYPES, TickType, wireType } from '../protocol/tick-types.ts'
import type { FrameWriter } from '../protocol/wire.ts'

/** Market data types of IB. */
const LIVE = 1
const DELAYED = 3

/** The type that is served: delayed when the client asked for that, or when the tape has nothing else. */
export function dataTypeOf(asked: number, { isDelayed }: Book): number {
  if (asked >= DELAYED) return asked
  return isDelayed ? DELAYED : LIVE
}

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

export interface LineOptions {
  /** Generic ticks the client asked for. */
  generics?: ReadonlySet<number>
  /** The market data type the client asked for: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen. */
  dataType?: number
  /** Called behind each sending. */
  onSent?: () => void
}

export class Line {
  readonly reqId: number
  readonly book: Book
  /** Changes of the quote, and of everything beside it, since the last sending. */
  pendingQuotes = 0
  pendingFacets = 0
  #bidPrice = Number.NaN
  #bidSize = Number.NaN
  #askPrice = Number.NaN
  #askSize = Number.NaN
  #sentNo = 0
  #sentUs = Number.NaN
  readonly #outlet: Outlet
  readonly #generics: ReadonlySet<number> | undefined
  readonly #dataType: number
  #toldType: number
  readonly #onSent: (() => void) | undefined

  constructor(reqId: number, book: Book, outlet: Outlet, { generics, dataType = LIVE, onSent }: LineOptions = {}) {
    this.reqId = reqId
    this.book = book
    this.#outlet = outlet
    this.#generics = generics
    this.#dataType = dataType
    this.#toldType = dataTypeOf(this.#dataType, this.book)
    this.#onSent = onSent
  }

  sees({ generic }: Facet): boolean {
    return generic === undefined || this.#generics?.has(generic) === true
  }

  /** The first sending: everything that is known. */
  sendState(tsUs: number, totals: MarketTotals): void {
    const before = totals.ticksServed
    this.#send(tsUs, totals, true)
    totals.statesServed += totals.ticksServed - before
    this.#onSent?.()
  }

  /** Sends what differs from what was last sent and counts it; what was overwritten or taken back meanwhile is counted as merged. */
  send(tsUs: number, totals: MarketTotals): void {
    const { ticksServed, derived } = totals
    const pending = this.pendingQuotes + this.pendingFacets
    this.pendingQuotes = 0
    this.pendingFacets = 0
    this.#send(tsUs, totals, false)
    totals.merged += pending - (totals.ticksServed - ticksServed - (totals.derived - derived))
    this.#onSent?.()
  }

  #send(tsUs: number, totals: MarketTotals, isFirst: boolean): void {
    const { book } = this
    const bidMoved = book.bidPrice !== this.#bidPrice
    const askMoved = book.askPrice !== this.#askPrice
    const bidResized = !bidMoved && book.bidSize !== this.#bidSize
    const askResized = !askMoved && book.askSize !== this.#askSize
    const isQuoteKnown = !Number.isNaN(book.bidPrice)
    const quoteMessages = isQuoteKnown ? Number(bidMoved || bidResized) + Number(askMoved || askResized) : 0
    const hasFacets = book.changeNo > this.#sentNo && (this.#hasNews(book.facets) || this.#hasNews(book.optionValues))
    if (quoteMessages === 0 && !hasFacets) return
    this.#outlet.atTapeTime(tsUs, tsUs === this.#sentUs)
    this.#sentUs = tsUs
    if (this.#toldType !== dataTypeOf(this.#dataType, book)) this.#tellType()
    if (hasFacets) this.#sendFacets(book.facets, totals)
    if (quoteMessages > 0) {
      this.#sendQuote(bidMoved, bidResized, askMoved, askResized)
      totals.ticksServed++
      totals.messagesServed += quoteMessages
      if (book.model) this.#sendModel(tsUs, totals, isFirst)
    }
    if (hasFacets) {
      this.#sendFacets(book.optionValues, totals)
      this.#sentNo = book.changeNo
    }
    this.#outlet.spill()
  }

  get #isDelayed(): boolean {
    return this.#toldType >= DELAYED
  }

  #tellType(): void {
    this.#toldType = dataTypeOf(this.#dataType, this.book)
    writeMarketDataType(this.#outlet.writer, this.reqId, this.#toldType)
  }

  #sendQuote(bidMoved: boolean, bidResized: boolean, askMoved: boolean, askResized: boolean): void {
    const { bidPrice, bidSize, askPrice, askSize } = this.book
    const { writer } = this.#outlet
    const { reqId } = this
    const isDelayed = this.#isDelayed
    if (bidMoved) writeTickPrice(writer, reqId, wireType(TickType.bid, isDelayed), bidPrice, bidSize, maskOf(bidPrice, bidSize))
    else if (bidResized) writeTickSize(writer, reqId, wireType(TickType.bidSize, isDelayed), bidSize)
    if (askMoved) writeTickPrice(writer, reqId, wireType(TickType.ask, isDelayed), askPrice, askSize, maskOf(askPrice, askSize))
    else if (askResized) writeTickSize(writer, reqId, wireType(TickType.askSize, isDelayed), askSize)
    this.#bidPrice = bidPrice
    this.#bidSize = bidSize
    this.#askPrice = askPrice
    this.#askSize = askSize
  }

  #hasNews(facets: readonly Facet[]): boolean {
    for (const facet of facets) if (facet.changeNo > this.#sentNo && this.sees(facet)) return true
    return false
  }

  #sendFacets(facets: readonly Facet[], totals: MarketTotals): void {
    for (const facet of facets) {
      if (facet.changeNo <= this.#sentNo || !this.sees(facet)) continue
      totals.messagesServed += facet.write(this.#outlet.writer, this.reqId, this.#isDelayed)
      totals.ticksServed += facet.ticks
    }
  }

  #sendModel(tsUs: number, totals: MarketTotals, isFirst: boolean): void {
    const values = this.book.model?.at(tsUs, this.book)
    if (!values) return
    writeOptionComputation(this.#outlet.writer, this.reqId, wireType(GREEKS_TYPES.model, this.#isDelayed), values)
    totals.ticksServed++
    totals.messagesServed++
    if (!isFirst) totals.derived++
  }
}

/** Bit 0: can be executed against. Nothing can on an empty side. */
function maskOf(price: number, size: number): number {
  return price === EMPTY_PRICE && size === 0 ? 0 : 1
}
