/**
 * The simulated venue: orders that have arrived, and what they trade against quotes and bars.
 *
 * An order that arrives trades at once against the standing quote, as a taker. What is left of a limit order rests; it trades at its limit once the
 * other side reaches it. Nothing trades more than is shown, and what was taken stays taken (book.ts). A stop is triggered by the side of the quote
 * that it would trade against, and is a market or limit order from then on. Against bars an order trades in those that begin after it arrived.
 * A combo trades all of its legs or none, in bars those of one moment.
 * An order on the opening waits for the first quote of the session, one on the close for the quote that stands then.
 */

import type { Bar } from '../../market/bar.ts'
import type { Quote } from '../../market/tick.ts'
import { priceWithin, trail, trailingStop } from './bar-fill.ts'
import { Book } from './book.ts'
import type { FillModel } from './models/fill/fill.ts'
import type { SlippageModel } from './models/slippage/slippage.ts'
import { advance, isOpen, type Order, type Side } from './orders.ts'
import { copyOfBar } from './views.ts'

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
  /** Why the account cannot bear these trades, which are one; undefined when it can. */
  refusal: (trades: readonly Trade[]) => string | undefined
  /** To end an order that goes no further. */
  cancel: (order: Order, reason: string) => void
  multiplierOf: (instrument: number) => number
  /** Units held; negative: short. */
  heldOf: (instrument: number) => number
}

/** What can be traded of an instrument. */
export interface Offer {
  /** Undefined: that of a bar to come. */
  price: number | undefined
  size: number
  isBar: boolean
}

/** A part of an order that is about to be traded. */
export interface Trade {
  order: Order
  quantity: number
  price: number
}

/** Orders that trade together. */
export interface Combo {
  orders: readonly Order[]
  ratios: readonly number[]
  /** Money per combo, at most; negative: at least that must come in. */
  limit: number
}

/** An instrument at the venue. */
interface Listing {
  /** Undefined before the first quote. */
  book: Book | undefined
  /** Those that work, in the order of their arrival. */
  orders: Order[]
  /** When the latest bar ended. NaN before the first. */
  barEndUs: number
  /** Some bar had a volume: these are bars of trades, not of a price that stands. */
  hasVolume: boolean
}

interface LegBar {
  bar: Bar
  endUs: number
}

/** Which moments of a session a bar holds: orders on the opening and on the close trade in those alone. */
export interface BarMoments {
  readonly opens: boolean
  readonly closes: boolean
}

const NO_MOMENT: BarMoments = { opens: false, closes: false }
const OPENING: BarMoments = { opens: true, closes: false }
const CLOSING: BarMoments = { opens: false, closes: true }
const WHOLE_SESSION: BarMoments = { opens: true, closes: true }

/** The same object for the same moments: it is asked for with each bar. */
export function momentsOf(opens: boolean, closes: boolean): BarMoments {
  if (opens) return closes ? WHOLE_SESSION : OPENING
  return closes ? CLOSING : NO_MOMENT
}

/** Sums of prices are rounded. */
const NET_ROUNDING = 1e-9

export class Venue {
  readonly #options: VenueOptions
  readonly #listings = new Map<number, Listing>()
  #combos: Combo[] = []
  /** The latest bar of each leg, while there are combos. */
  readonly #legBars = new Map<number, LegBar>()
  /** When the latest bar of all ended. */
  #newestBarUs = Number.NEGATIVE_INFINITY

  constructor(options: VenueOptions) {
    this.#options = options
  }

  /** Undefined before the first quote. */
  book(instrument: number): Book | undefined {
    return this.#listings.get(instrument)?.book
  }

  #list(instrument: number): Listing {
    let listing = this.#listings.get(instrument)
    if (listing === undefined) {
      listing = { book: undefined, orders: [], barEndUs: Number.NaN, hasVolume: false }
      this.#listings.set(instrument, listing)
    }
    return listing
  }

  /** What a side could trade: now against the quote, or at the next open where it has bars to this moment. Undefined: nothing. */
  offer(instrument: number, side: Side): Offer | undefined {
    const listing = this.#listings.get(instrument)
    const price = listing?.book?.touch(side)
    const size = listing?.book?.available(side) ?? 0
    if (price !== undefined && size > 0) return { price, size, isBar: false }
    if (listing?.barEndUs !== this.#newestBarUs) return undefined
    return { price: undefined, size: Number.POSITIVE_INFINITY, isBar: true }
  }

  /** Takes an order that has reached the venue, and trades it as far as the standing quote goes. */
  accept(order: Order, tsUs: number): void {
    const listing = this.#enter(order, tsUs)
    if (!listing.book) return
    this.#tradeAgainst(order, listing.book, { tsUs, arrives: true })
    this.#endMissed(order)
    forgetEnded(listing)
  }

  acceptCombo(combo: Combo, tsUs: number): void {
    for (const order of combo.orders) this.#enter(order, tsUs)
    this.#combos.push(combo)
    this.#tradeCombo(combo, tsUs)
    const [first] = combo.orders
    // Where there are no quotes its first chance is in the bars to come.
    const hasQuotes = combo.orders.some(({ request }) => this.book(request.instrument) !== undefined)
    if (hasQuotes && first && isOpen(first) && isImmediate(first)) this.#options.cancel(first, 'not filled at once')
    this.#forgetEndedCombos()
  }

  #enter(order: Order, tsUs: number): Listing {
    advance(order, 'arrive')
    order.arrivedUs = tsUs
    const listing = this.#list(order.request.instrument)
    listing.orders.push(order)
    return listing
  }

  /** Nothing stands in an instrument any more, or in any whose latest quote is not newer than `untilUs`. */
  forget(instrument?: number, untilUs = Number.POSITIVE_INFINITY): void {
    const listings = instrument === undefined ? this.#listings.values() : [this.#list(instrument)]
    for (const { book } of listings) if (book && book.tsUs <= untilUs) book.forget()
  }

  /** The session opens: orders on the opening trade against the quotes from here on. */
  open(tsUs: number): void {
    for (const { orders } of this.#listings.values())
      for (const order of orders) if (order.request.type === 'on-open' && order.arrivedUs <= tsUs) order.isReleased = true
  }

  /** The session closes: orders on the close trade against what stands. */
  close(tsUs: number): void {
    for (const listing of this.#listings.values()) {
      const { book, orders, barEndUs } = listing
      // Of bars, the one that holds the close came before it.
      if (orders.length === 0 || (!book && !Number.isNaN(barEndUs))) continue
      for (const order of orders) {
        if (order.request.type !== 'on-close' || order.arrivedUs >= tsUs || !isOpen(order)) continue
        order.isReleased = true
        if (book) this.#tradeAgainst(order, book, { tsUs, arrives: false })
        if (isOpen(order)) this.#options.cancel(order, 'not filled at the close')
      }
      forgetEnded(listing)
    }
  }

  /** Takes a cancelled or expired order away. */
  remove(order: Order): void {
    const listing = this.#listings.get(order.request.instrument)
    if (listing) forgetEnded(listing)
  }

  takeQuote(instrument: number, quote: Quote): void {
    const listing = this.#list(instrument)
    listing.book ??= new Book()
    const { book, orders } = listing
    book.take(quote)
    book.tsUs = quote.tsUs
    if (orders.length === 0) return
    for (const order of orders) {
      if (!isOpen(order)) continue
      this.#tradeAgainst(order, book, { tsUs: quote.tsUs, arrives: false })
      this.#endMissed(order)
    }
    this.#tradeCombos(instrument, quote.tsUs)
    forgetEnded(listing)
  }

  /** @param endUs when the bar is known, and what is traded within it is told */
  takeBar(instrument: number, bar: Bar, endUs: number, moments: BarMoments): void {
    const listing = this.#list(instrument)
    listing.barEndUs = endUs
    this.#newestBarUs = endUs
    const isWithoutTrades = listing.hasVolume && bar.volume === 0 && !(bar.trades > 0)
    if (bar.volume > 0) listing.hasVolume = true
    const { orders } = listing
    // Its prices are those of before: nobody traded at them.
    if (orders.length === 0 || isWithoutTrades) return
    // Stops before limits: of two orders of a group that the bar reaches, the one that loses is assumed to have come first.
    const byHarm = orders.length === 1 ? orders : orders.toSorted((one, other) => Number(isStop(other)) - Number(isStop(one)))
    for (const order of byHarm) {
      // One that came within the bar may not have the prices from before it came.
      if (!isOpen(order) || order.arrivedUs > bar.startUs || !isTradedIn(order, moments)) continue
      const price = priceWithin(order, bar)
      const quantity = this.#leftOf(order)
      if (price === undefined) trail(order, order.request.side === 'sell' ? bar.high : bar.low)
      else if (quantity > 0)
        this.#trade({ order, quantity, price: this.#slip(order, price, { volume: bar.volume }) }, { tsUs: endUs, isTaker: true })
      this.#endMissed(order)
    }
    if (this.#combos.length > 0) this.#tradeCombosIn(instrument, { bar: copyOfBar(bar), endUs })
    forgetEnded(listing)
  }

  #tradeAgainst(order: Order, book: Book, { tsUs, arrives }: { tsUs: number; arrives: boolean }): void {
    const { request } = order
    const { side } = request
    if (waits(order)) return
    const touch = book.touch(side)
    // A stop that an earlier quote triggered is a limit order, which rests.
    const hasRested = request.type === 'limit' || (request.type === 'stop-limit' && order.status === 'triggered')
    if (touch === undefined || !this.#isTriggered(order, touch)) return
    const limit = limitOf(order)
    const rests = !arrives && hasRested
    const price = rests && limit !== undefined ? restingPrice(side, limit, touch) : this.#options.fill.takerPrice(side, book)
    if (price === undefined || (limit !== undefined && isWorse(side, price, limit))) return
    const shown = book.available(side)
    const quantity = Math.min(this.#leftOf(order), shown)
    if (quantity <= 0 || (request.timeInForce === 'fok' && quantity < order.left)) return
    const paid = rests ? price : this.#slip(order, price, { shown })
    if (this.#trade({ order, quantity, price: paid }, { tsUs, isTaker: !rests })) book.consume(side, quantity)
  }

  #tradeCombos(instrument: number, tsUs: number): void {
    if (this.#combos.length === 0) return
    for (const combo of this.#combos)
      if (combo.orders.some(({ request }) => request.instrument === instrument)) this.#tradeCombo(combo, tsUs)
    this.#forgetEndedCombos()
  }

  /** All legs at what is shown of each, within the limit of the whole, or nothing. */
  #tradeCombo({ orders, ratios, limit }: Combo, tsUs: number): void {
    if (!orders.every(isOpen)) return
    const wanted = (orders[0]?.left ?? 0) / (ratios[0] ?? 1)
    let combos = wanted
    let net = 0
    const prices: number[] = []
    for (const [i, order] of orders.entries()) {
      const { instrument, side, timeInForce } = order.request
      const book = this.book(instrument)
      const ratio = ratios[i] as number
      const price = book && this.#options.fill.takerPrice(side, book)
      if (!book || price === undefined) return
      const shown = book.available(side)
      combos = Math.min(combos, Math.floor(shown / ratio))
      if (combos <= 0 || (timeInForce === 'fok' && combos < wanted)) return
      const paid = this.#slip(order, price, { shown })
      prices.push(paid)
      net += (side === 'buy' ? 1 : -1) * paid * ratio * this.#options.multiplierOf(instrument)
    }
    if (net > limit + NET_ROUNDING) return
    const trades = orders.map((order, i) => ({ order, quantity: combos * (ratios[i] as number), price: prices[i] as number }))
    if (this.#executeTogether(trades.map((trade) => ({ ...trade, tsUs, isTaker: true }))))
      for (const { order, quantity } of trades) this.book(order.request.instrument)?.consume(order.request.side, quantity)
  }

  /** Combos whose legs all have a bar of the same time trade once the last of these is told. */
  #tradeCombosIn(instrument: number, latest: LegBar): void {
    this.#legBars.set(instrument, latest)
    for (const { orders, ratios, limit } of this.#combos) {
      const [first] = orders
      if (!first || !orders.some(({ request }) => request.instrument === instrument) || !orders.every(isOpen)) continue
      if (first.arrivedUs > latest.bar.startUs) continue
      const bars = orders.map(({ request }) => this.#legBars.get(request.instrument))
      if (!bars.every((leg) => leg?.bar.startUs === latest.bar.startUs && leg.endUs === latest.endUs)) continue
      const legs = orders.map((order, i) => ({ order, ratio: ratios[i] as number, bar: (bars[i] as LegBar).bar }))
      if (!this.#tradeInBars(legs, limit, latest.endUs, 'open')) this.#tradeInBars(legs, limit, latest.endUs, 'close')
      if (isOpen(first) && isImmediate(first)) this.#options.cancel(first, 'not filled at once')
    }
    this.#forgetEndedCombos()
  }

  /** At the opens or the closes: of no other prices within the bars is it known that they stood together. Returns whether the limit allowed it. */
  #tradeInBars(legs: readonly { order: Order; ratio: number; bar: Bar }[], limit: number, tsUs: number, at: 'open' | 'close'): boolean {
    let net = 0
    const executions = legs.map(({ order, ratio, bar }): Execution => {
      const { side, instrument } = order.request
      const price = this.#slip(order, bar[at], { volume: bar.volume })
      net += (side === 'buy' ? 1 : -1) * price * ratio * this.#options.multiplierOf(instrument)
      return { order, quantity: order.left, price, tsUs, isTaker: true }
    })
    if (net > limit + NET_ROUNDING) return false
    this.#executeTogether(executions)
    return true
  }

  /** False when the account could not bear it, which ends the combo. */
  #executeTogether(executions: readonly Execution[]): boolean {
    const refusal = this.#options.refusal(executions)
    const [first] = executions
    if (refusal !== undefined && first) this.#options.cancel(first.order, refusal)
    else for (const execution of executions) this.#execute(execution)
    return refusal === undefined
  }

  /** What closes a position by force does not go beyond it: it may have been assigned, or split, since. */
  #leftOf({ left, isForced, request: { instrument, side } }: Order): number {
    if (!isForced) return left
    const held = this.#options.heldOf(instrument)
    return Math.max(0, Math.min(left, side === 'sell' ? held : -held))
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
  #slip(order: Order, price: number, { shown = Number.POSITIVE_INFINITY, volume }: { shown?: number; volume?: number }): number {
    const { side } = order.request
    const known = Number.isFinite(shown) ? shown : undefined
    const off = this.#options.slippage.perUnit({ side, quantity: order.left, price, shown: known, volume })
    const worse = side === 'buy' ? price + off : price - off
    const limit = limitOf(order)
    return limit !== undefined && isWorse(side, worse, limit) ? limit : worse
  }

  /** False when the account could not bear it, which ends the order. */
  #trade(trade: Trade, how: { tsUs: number; isTaker: boolean }): boolean {
    const refusal = this.#options.refusal([trade])
    const { order, quantity, price } = trade
    if (refusal === undefined) this.#execute({ order, quantity, price, tsUs: how.tsUs, isTaker: how.isTaker })
    else this.#options.cancel(order, refusal)
    return refusal === undefined
  }

  #execute(execution: Execution): void {
    const { order, quantity } = execution
    order.left -= quantity
    order.filled += quantity
    if (order.left === 0) advance(order, 'fill')
    this.#options.onExecution(execution)
  }

  /** What is for the moment of its arrival alone has had its chance. */
  #endMissed(order: Order): void {
    if (isImmediate(order) && isOpen(order) && !waits(order)) this.#options.cancel(order, 'not filled at once')
  }

  #forgetEndedCombos(): void {
    if (this.#combos.some(({ orders }) => !orders.every(isOpen))) this.#combos = this.#combos.filter(({ orders }) => orders.every(isOpen))
  }
}

/** A new list: the old one may be gone through at this moment. */
function forgetEnded(listing: Listing): void {
  if (listing.orders.some((order) => !isOpen(order))) listing.orders = listing.orders.filter(isOpen)
}

function isImmediate({ request: { timeInForce } }: Order): boolean {
  return timeInForce === 'ioc' || timeInForce === 'fok'
}

/** Its moment has not come, or it trades with others. */
function waits({ request, isReleased }: Order): boolean {
  return request.type === 'combo-leg' || ((request.type === 'on-open' || request.type === 'on-close') && !isReleased)
}

function isTradedIn({ request }: Order, { opens, closes }: BarMoments): boolean {
  if (request.type === 'on-open') return opens
  return request.type === 'on-close' ? closes : request.type !== 'combo-leg'
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
function restingPrice(side: Side, limit: number, touch: number): number | undefined {
  return isWorse(side, touch, limit) ? undefined : limit
}
