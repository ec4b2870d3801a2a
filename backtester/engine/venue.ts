/**
 * The simulated venue: orders that have arrived, and what they trade against quotes and bars.
 *
 * An order that arrives trades at once against the standing quote, as a taker. What is left of a limit order rests; it trades at its limit once the
 * other side reaches it. Nothing trades more than is shown, and what was taken stays taken (book.ts). A stop is triggered by the side of the quote
 * that it would trade against, and is a market or limit order from then on. Against bars an order trades in those that begin after it arrived.
 */

import type { Bar } from '../../market/bar.ts'
import type { Quote } from '../../market/tick.ts'
import { priceWithin, trail, trailingStop } from './bar-fill.ts'
import { Book } from './book.ts'
import type { FillModel } from './models/fill/fill.ts'
import type { SlippageModel } from './models/slippage/slippage.ts'
import { advance, isOpen, type Order } from './orders.ts'

/** Part of an order that was traded. */
export interface Execution {
  order: Order
  quantity: number
  /** Per unit, slippage included. */
  price: number
  tsUs: number
  /** It took what stood there; else it stood there and was taken. */
  isTaker: boolean
}

export interface VenueOptions {
  fill: FillModel
  slippage: SlippageModel
  /** Called at once for each execution, in the order in which orders arrived. */
  onExecution: (execution: Execution) => void
}

export class Venue {
  readonly #options: VenueOptions
  readonly #books = new Map<number, Book>()
  /** Orders that work, by instrument, in the order of their arrival. */
  readonly #working = new Map<number, Order[]>()

  constructor(options: VenueOptions) {
    this.#options = options
  }

  /** Undefined before the first quote. */
  book(instrument: number): Book | undefined {
    return this.#books.get(instrument)
  }

  /** Takes an order that has reached the venue, and trades it as far as the standing quote goes. */
  accept(order: Order, tsUs: number): void {
    advance(order, 'arrive')
    const { instrument } = order.request
    const orders = this.#working.get(instrument)
    if (orders) orders.push(order)
    else this.#working.set(instrument, [order])
    const book = this.#books.get(instrument)
    if (!book) return
    this.#tradeAgainst(order, book, { tsUs, arrives: true })
    this.#forgetEnded(instrument)
  }

  /** Takes a cancelled or expired order away. */
  remove(order: Order): void {
    this.#forgetEnded(order.request.instrument)
  }

  takeQuote(instrument: number, quote: Quote): void {
    let book = this.#books.get(instrument)
    if (book === undefined) {
      book = new Book()
      this.#books.set(instrument, book)
    }
    book.take(quote)
    const orders = this.#working.get(instrument)
    if (orders === undefined || orders.length === 0) return
    for (const order of orders) if (isOpen(order)) this.#tradeAgainst(order, book, { tsUs: quote.tsUs, arrives: false })
    this.#forgetEnded(instrument)
  }

  /** @param endUs when the bar is known, and what is traded within it is told */
  takeBar(instrument: number, bar: Bar, endUs: number): void {
    const orders = this.#working.get(instrument)
    if (orders === undefined || orders.length === 0) return
    // Stops before limits: of two orders of a group that the bar reaches, the one that loses is assumed to have come first.
    const byHarm = orders.toSorted((one, other) => Number(isStop(other)) - Number(isStop(one)))
    for (const order of byHarm) {
      if (!isOpen(order)) continue
      const price = priceWithin(order, bar)
      if (price === undefined) trail(order, order.request.side === 'sell' ? bar.high : bar.low)
      else this.#execute(order, { quantity: order.left, price: this.#slip(order, price, undefined), tsUs: endUs, isTaker: true })
    }
    this.#forgetEnded(instrument)
  }

  #tradeAgainst(order: Order, book: Book, { tsUs, arrives }: { tsUs: number; arrives: boolean }): void {
    const { request } = order
    const { side } = request
    const touch = book.touch(side)
    if (touch === undefined || !this.#isTriggered(order, touch)) return
    const limit = limitOf(order)
    const rests = !arrives && request.type === 'limit'
    const price = rests ? restingPrice(order, touch) : this.#options.fill.takerPrice(side, book)
    if (price === undefined || (limit !== undefined && isWorse(side, price, limit))) return
    const shown = book.available(side)
    const quantity = Math.min(order.left, shown)
    if (quantity <= 0) return
    book.consume(side, quantity)
    const paid = rests ? price : this.#slip(order, price, Number.isFinite(shown) ? shown : undefined)
    this.#execute(order, { quantity, price: paid, tsUs, isTaker: !rests })
  }

  /** True for what is no stop. */
  #isTriggered(order: Order, touch: number): boolean {
    const { request } = order
    if (!isStop(order) || order.status === 'triggered') return true
    const stop = request.type === 'trailing-stop' ? trailingStop(order) : 'stop' in request ? request.stop : undefined
    trail(order, touch)
    if (stop === undefined || (request.side === 'buy' ? touch < stop : touch > stop)) return false
    advance(order, 'trigger')
    return true
  }

  /** Never beyond the order's limit. */
  #slip(order: Order, price: number, shown: number | undefined): number {
    const { side } = order.request
    const off = this.#options.slippage.perUnit({ side, quantity: order.left, price, shown })
    const worse = side === 'buy' ? price + off : price - off
    const limit = limitOf(order)
    return limit !== undefined && isWorse(side, worse, limit) ? limit : worse
  }

  #execute(order: Order, execution: Omit<Execution, 'order'>): void {
    order.left -= execution.quantity
    order.filled += execution.quantity
    if (order.left === 0) advance(order, 'fill')
    this.#options.onExecution({ order, ...execution })
  }

  #forgetEnded(instrument: number): void {
    const orders = this.#working.get(instrument)
    if (orders?.some((order) => !isOpen(order))) this.#working.set(instrument, orders.filter(isOpen))
  }
}

function isStop({ request }: Order): boolean {
  return request.type === 'stop' || request.type === 'stop-limit' || request.type === 'trailing-stop'
}

function limitOf({ request }: Order): number | undefined {
  return 'limit' in request ? request.limit : undefined
}

function isWorse(side: 'buy' | 'sell', price: number, than: number): boolean {
  return side === 'buy' ? price > than : price < than
}

/** Who rests is met at the own price, however far the other side goes through it. */
function restingPrice({ request }: Order, touch: number): number | undefined {
  if (request.type !== 'limit') return undefined
  return isWorse(request.side, touch, request.limit) ? undefined : request.limit
}
