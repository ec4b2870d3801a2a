/**
 * A Line is one client's subscription to the market data of one contract, and what was last sent there. A price that changed goes out
 * with its size in one message; a size alone only when its price stayed. When a change goes out is decided in sampler.ts.
 */

import { isMarked, Mark } from '../../../market/marks.ts'
import type { Greeks, Quote } from '../../../market/tick.ts'
import {
  EMPTY_PRICE,
  type SideHead,
  sideHead,
  writeMarketDataType,
  writeOptionComputation,
  writeSidePrice,
  writeSideSize,
} from '../protocol/messages.ts'
import { GREEKS_TYPES, TickType, wireType } from '../protocol/tick-types.ts'
import type { Book } from './book.ts'
import type { ComputedGreeks } from './computed-greeks.ts'
import type { MarketTotals } from './market-totals.ts'
import type { Outlet } from './outlet.ts'
import { EXECUTABLE, priceMask } from './price-mask.ts'
import { NONE, pricedAt, sizedAt } from './quote-sides.ts'
import type { ServedField } from './served-fields.ts'

/** Market data types of IB. */
const LIVE = 1
export const DELAYED = 3
/** Tick types of the price and the size of a side. */
const BID = [TickType.bid, TickType.bidSize] as const
const ASK = [TickType.ask, TickType.askSize] as const

/**
 * The type that is served: delayed when the client asked for that, or when the tape has nothing else; frozen when the tape says so. A
 * client that asks for frozen data takes it where there is some, and is told what it gets.
 */
export function dataTypeOf(asked: number, { isDelayed, isFrozen }: Book): number {
  const frozen = isFrozen ? 1 : 0
  return (asked >= DELAYED || isDelayed ? DELAYED : LIVE) + frozen
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
  pendingFields = 0
  /** As `pricedAt` and `sizedAt` have them; NaN: nothing was sent yet. */
  #bidPrice = Number.NaN
  #bidSize = Number.NaN
  #askPrice = Number.NaN
  #askSize = Number.NaN
  #sentNo = 0
  #sentUs = Number.NaN
  /** Prices of the option and its underlying behind the computed values that were sent last, by basis. */
  readonly #computedFrom = new Map<Greeks['basis'], string>()
  readonly #outlet: Outlet
  readonly #generics: ReadonlySet<number> | undefined
  readonly #dataType: number
  #announcedType: number
  #bidHead: SideHead
  #askHead: SideHead
  readonly #onSent: (() => void) | undefined

  constructor(reqId: number, book: Book, outlet: Outlet, { generics, dataType = LIVE, onSent }: LineOptions = {}) {
    this.reqId = reqId
    this.book = book
    this.#outlet = outlet
    this.#generics = generics
    this.#dataType = dataType
    this.#announcedType = dataTypeOf(this.#dataType, this.book)
    this.#bidHead = headOf(reqId, BID, this.#isDelayed)
    this.#askHead = headOf(reqId, ASK, this.#isDelayed)
    this.#onSent = onSent
  }

  sees({ generic }: ServedField): boolean {
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
    const pending = this.pendingQuotes + this.pendingFields
    this.pendingQuotes = 0
    this.pendingFields = 0
    this.#send(tsUs, totals, false)
    totals.merged += pending - (totals.ticksServed - ticksServed - (totals.derived - derived))
    this.#onSent?.()
  }

  #send(tsUs: number, totals: MarketTotals, isFirst: boolean): void {
    const { book } = this
    const quote = book.quote
    const hasFields = book.changeNo > this.#sentNo && (this.#hasNews(book.fields) || this.#hasNews(book.optionValues))
    const hasQuote = quote !== undefined && this.#isNews(quote)
    if (!hasQuote && !hasFields) return
    this.#outlet.atTapeTime(tsUs, tsUs === this.#sentUs)
    this.#sentUs = tsUs
    if (this.#announcedType !== dataTypeOf(this.#dataType, book)) this.#announceType()
    if (!isFirst && ((hasQuote && isMarked(quote, Mark.initial)) || (hasFields && this.#hasInitialNews()))) this.#announceType()
    if (hasFields) this.#sendFields(book.fields, totals)
    if (hasQuote) {
      totals.messagesServed += this.#sendQuote(quote)
      totals.ticksServed++
      if (book.computedGreeks) this.#sendComputedGreeks(book.computedGreeks, tsUs, quote, totals, isFirst)
    }
    if (hasFields) {
      this.#sendFields(book.optionValues, totals)
      this.#sentNo = book.changeNo
    }
    this.#outlet.spill()
  }

  /** Something to send is a first value of the tape. It goes out as one: as IB names the type of the data ahead of those, it is named once more. */
  #hasInitialNews(): boolean {
    const isInitialNews = (field: ServedField) => field.isInitial && field.changeNo > this.#sentNo && this.sees(field)
    return this.book.fields.some(isInitialNews) || this.book.optionValues.some(isInitialNews)
  }

  get #isDelayed(): boolean {
    return this.#announcedType >= DELAYED
  }

  #announceType(): void {
    this.#announcedType = dataTypeOf(this.#dataType, this.book)
    this.#bidHead = headOf(this.reqId, BID, this.#isDelayed)
    this.#askHead = headOf(this.reqId, ASK, this.#isDelayed)
    writeMarketDataType(this.#outlet.writer, this.reqId, this.#announcedType)
  }

  #isNews({ bidPrice, bidSize, askPrice, askSize }: Quote): boolean {
    return (
      pricedAt(bidPrice, bidSize) !== this.#bidPrice ||
      pricedAt(askPrice, askSize) !== this.#askPrice ||
      sizedAt(bidPrice, bidSize) !== this.#bidSize ||
      sizedAt(askPrice, askSize) !== this.#askSize
    )
  }

  /** Returns how many messages it wrote. */
  #sendQuote(quote: Quote): number {
    const bidPrice = pricedAt(quote.bidPrice, quote.bidSize)
    const bidSize = sizedAt(quote.bidPrice, quote.bidSize)
    const askPrice = pricedAt(quote.askPrice, quote.askSize)
    const askSize = sizedAt(quote.askPrice, quote.askSize)
    let messages = 0
    // As IB does, prices first: a recorder may tell by the order where one quote ends and the next begins.
    if (bidPrice !== this.#bidPrice)
      messages += this.#sendPrice(this.#bidHead, bidPrice, bidSize, priceMask(quote.marks, Mark.bidPastLimit))
    if (askPrice !== this.#askPrice)
      messages += this.#sendPrice(this.#askHead, askPrice, askSize, priceMask(quote.marks, Mark.askPastLimit))
    if (isSizeAlone(bidPrice, this.#bidPrice, bidSize, this.#bidSize)) messages += this.#sendSize(this.#bidHead, bidPrice, bidSize)
    if (isSizeAlone(askPrice, this.#askPrice, askSize, this.#askSize)) messages += this.#sendSize(this.#askHead, askPrice, askSize)
    this.#bidPrice = bidPrice
    this.#bidSize = bidSize
    this.#askPrice = askPrice
    this.#askSize = askSize
    return messages
  }

  /** A price with its size. The size of a side without a price needs a message of its own, as a price of -1 with it would be a price. */
  #sendPrice(head: SideHead, price: number, size: number, mask: number): number {
    const { writer } = this.#outlet
    // Nothing can be executed against on an empty side.
    if (price !== NONE) writeSidePrice(writer, head, price, size === NONE ? Number.NaN : size, EXECUTABLE | mask)
    else writeSidePrice(writer, head, EMPTY_PRICE, 0, 0)
    return 1
  }

  #sendSize(head: SideHead, price: number, size: number): number {
    const unknown = price === NONE ? 0 : Number.NaN
    writeSideSize(this.#outlet.writer, head, size === NONE ? unknown : size)
    return 1
  }

  #hasNews(fields: readonly ServedField[]): boolean {
    for (const field of fields) if (field.changeNo > this.#sentNo && this.sees(field)) return true
    return false
  }

  #sendFields(fields: readonly ServedField[], totals: MarketTotals): void {
    for (const field of fields) {
      if (field.changeNo <= this.#sentNo || !this.sees(field)) continue
      totals.messagesServed += field.write(this.#outlet.writer, this.reqId, this.#isDelayed)
      totals.ticksServed += field.ticks
    }
  }

  /** The model's values behind every quote; those of a price only when that price or the underlying's has changed. */
  #sendComputedGreeks(computed: ComputedGreeks, tsUs: number, quote: Quote, totals: MarketTotals, isFirst: boolean): void {
    const inputs = computed.inputs(quote, this.book.state?.lastTrade?.price)
    if (!inputs) return
    const { spot, prices } = inputs
    for (const [basis, price] of prices) {
      const from = `${price} ${spot}`
      if (basis !== 'model' && this.#computedFrom.get(basis) === from) continue
      this.#computedFrom.set(basis, from)
      const values = computed.at(tsUs, spot, price)
      if (!values) continue
      writeOptionComputation(this.#outlet.writer, this.reqId, wireType(GREEKS_TYPES[basis], this.#isDelayed), values)
      totals.ticksServed++
      totals.messagesServed++
      if (!isFirst) totals.derived++
    }
  }
}

/** A size that no price message carries: it changed while its price stayed, or its side has no price. */
function isSizeAlone(price: number, sentPrice: number, size: number, sentSize: number): boolean {
  return price === sentPrice ? size !== sentSize : price === NONE && size !== NONE
}

function headOf(reqId: number, [priceType, sizeType]: readonly [number, number], isDelayed: boolean): SideHead {
  return sideHead(reqId, wireType(priceType, isDelayed), wireType(sizeType, isDelayed))
}
