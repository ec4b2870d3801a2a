/**
 * Turns the tape's ticks into the ticks of the open lines. With sampling, a change waits for the next point of its grid
 * (multiples of 250 ms of tape time for stocks, indices and futures, of 100 ms for options; a change exactly at a point goes
 * out there) and only what then differs from what the line last got is sent. Without, each change goes out at once.
 * Tick-by-tick lines get every record at once, whatever the sampling.
 *
 * What is counted, over all lines: changes + statesServed + derived = ticksServed + merged + unsent + those still waiting.
 */

import type { RecordCursor } from '../../../db/tape/codec/decode.ts'
import { RecordKind } from '../../../db/tape/codec/layout.ts'
import type { Greeks, Statistic, TapeRecord, Trade, TradeSource } from '../../../market/tick.ts'
import type { BarLine } from './bar-line.ts'
import { Book, QuoteState } from './book.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { Facet } from './served-fields.ts'
import { Line, type LineOptions, type Outlet } from './line.ts'
import { ModelValues } from './computed-greeks.ts'
import { TickLine, type TickLineOptions } from './tick-line.ts'
import { bestSource } from '../../../market/trade-sources.ts'

const US_PER_MS = 1000
const OPTION_STEP_US = 100 * US_PER_MS
const OTHER_STEP_US = 250 * US_PER_MS

/**
 * Counts since the gateway started. A tick is what a recorder makes one row of: the quote of one line at one moment, a trade, a
 * figure, the option values of one basis; RTVolume makes three. A message is one of the wire: a quote takes one or two, a last trade two.
 */
export interface MarketTotals {
  /** Market-data and tick-by-tick lines. */
  linesOpened: number
  linesClosed: number
  /** What of an open line's state the tape's ticks changed, once for each such line. A trade may change last trade, volume and RTVolume. */
  changes: number
  /** Changes overwritten or taken back before their sampling step. */
  merged: number
  /** Changes that waited for their step when the line was closed. */
  unsent: number
  /** Ticks that gave a new line the state it found. */
  statesServed: number
  /** Option values that the gateway computed behind a quote. */
  derived: number
  /** All ticks: those with a change, with a first state, and derived ones. */
  ticksServed: number
  messagesServed: number
  /** Ticks of the tape that IB has no message for, trades without a price, and those that another source tells better. */
  notServed: number
}

/** What the sampler is to know of an instrument beside its contract. */
export interface Instrument {
  listed: ListedContract
  /** Has sampled and tick-by-tick quotes: each kind of line gets its own. */
  isDoublyQuoted?: boolean
  /** Its data begins delayed. */
  isDelayed?: boolean
  /** Where the tape has its trades from; absent: not known beforehand. */
  tradeSources?: ReadonlySet<TradeSource>
}

/** The source of each way to tell a trade: what was recorded that way, else the best there is. */
interface Feed {
  book: Book
  isDoublyQuoted: boolean
  last: TradeSource | undefined
  rtVolume: TradeSource | undefined
  tickByTick: TradeSource | undefined
}

/** Lines with changes that wait for the same kind of sampling step. */
class Grid {
  readonly stepUs: number
  dueUs = Number.POSITIVE_INFINITY
  waiting: Line[] = []
  waitingBars: BarLine[] = []

  constructor(stepUs: number) {
    this.stepUs = stepUs
  }
}

export class Sampler {
  readonly totals: MarketTotals = {
    linesOpened: 0,
    linesClosed: 0,
    changes: 0,
    merged: 0,
    unsent: 0,
    statesServed: 0,
    derived: 0,
    ticksServed: 0,
    messagesServed: 0,
    notServed: 0,
  }
  readonly #sampling: boolean
  readonly #others = new Grid(OTHER_STEP_US)
  readonly #options = new Grid(OPTION_STEP_US)
  readonly #books = new Map<ListedContract, Book>()
  readonly #feeds = new Map<number, Feed>()
  #tickLines = 0

  /** `instruments`: the tape's numbers and what they stand for. */
  constructor(instruments: Iterable<readonly [number, Instrument]>, sampling: boolean) {
    this.#sampling = sampling
    for (const [instrument, known] of instruments) this.#feeds.set(instrument, feedOf(this.book(known.listed), known))
  }

  /** All lines, tick-by-tick ones included. */
  get openLines(): number {
    return this.totals.linesOpened - this.totals.linesClosed
  }

  get openTickLines(): number {
    return this.#tickLines
  }

  /** Tape time of the next sampling step that has something to look at; Infinity when no change waits. */
  get dueUs(): number {
    return Math.min(this.#others.dueUs, this.#options.dueUs)
  }

  /** Lets the options of these instruments have computed values. `underlyingOf`: what an option is written on. */
  computeOptionValues(underlyingOf: (listed: ListedContract) => ListedContract | undefined, rate: number): void {
    for (const { book } of this.#feeds.values()) {
      const { contract } = book.listed
      const underlying = contract.kind === 'option' ? underlyingOf(book.listed) : undefined
      if (contract.kind === 'option' && underlying) book.model = new ModelValues(contract, this.book(underlying), rate)
    }
  }

  /** Opens a line and sends it the current state, if there is one. */
  open(listed: ListedContract, reqId: number, outlet: Outlet, nowUs: number, options?: LineOptions): Line {
    const book = this.book(listed)
    const line = new Line(reqId, book, outlet, options)
    book.lines.push(line)
    this.totals.linesOpened++
    if (book.isKnown) line.sendState(nowUs, this.totals)
    return line
  }

  close(line: Line): void {
    const { lines } = line.book
    lines.splice(lines.indexOf(line), 1)
    this.totals.linesClosed++
    this.totals.unsent += line.pendingQuotes + line.pendingFacets
    line.pendingQuotes = 0
    line.pendingFacets = 0
  }

  /** Opens a tick-by-tick line and sends it the current quote, if it tells quotes. */
  openTicks(listed: ListedContract, reqId: number, outlet: Outlet, nowUs: number, options: TickLineOptions): TickLine {
    const book = this.book(listed)
    const line = new TickLine(reqId, book, outlet, options)
    book.tickLines.push(line)
    this.totals.linesOpened++
    this.#tickLines++
    if (!Number.isNaN(book.ticks.bidPrice)) {
      const sent = line.quote(nowUs, { tsUs: nowUs })
      this.totals.statesServed += sent
      this.#count(sent)
    }
    return line
  }

  closeTicks(line: TickLine): void {
    const { tickLines } = line.book
    tickLines.splice(tickLines.indexOf(line), 1)
    this.totals.linesClosed++
    this.#tickLines--
  }

  openBars(line: BarLine): void {
    line.book.barLines.push(line)
  }

  closeBars(line: BarLine): void {
    const { barLines } = line.book
    barLines.splice(barLines.indexOf(line), 1)
    line.isPending = false
  }

  /** Takes the tick under the cursor. Every step before `tsUs` must have been flushed. */
  play(cursor: RecordCursor, tsUs: number): void {
    const feed = this.#feeds.get(cursor.instrument)
    if (!feed) return
    if (cursor.kind === RecordKind.quote) this.#playQuote(feed, cursor, tsUs)
    else this.#playRecord(feed, cursor, tsUs)
  }

  /** Sends what the steps up to `stepUs` have to send: stocks first, so that an option's underlying is not older than the option. */
  flush(stepUs: number): void {
    for (const grid of [this.#others, this.#options]) {
      if (grid.dueUs > stepUs) continue
      grid.dueUs = Number.POSITIVE_INFINITY
      const { waiting } = grid
      // One without anything pending was closed while it waited.
      for (const line of waiting) if (line.pendingQuotes + line.pendingFacets > 0) line.send(stepUs, this.totals)
      waiting.length = 0
      for (const line of grid.waitingBars) if (line.isPending) line.send(stepUs)
      grid.waitingBars.length = 0
    }
  }

  #playQuote({ book, isDoublyQuoted }: Feed, cursor: RecordCursor, tsUs: number): void {
    const { totals } = this
    const isTickByTick = !isDoublyQuoted || cursor.quoteSource !== undefined
    const isSampled = !isDoublyQuoted || !isTickByTick
    const state = isSampled ? book : book.ticks
    if (isSampled) book.isDelayed = cursor.isDelayed
    const isChange = state.update(cursor.number(1), cursor.number(2), cursor.number(3), cursor.number(4))
    if (isTickByTick && book.tickLines.length > 0) {
      const eventTsUs = cursor.number(0)
      const times = { tsUs: cursor.tsUs, eventTsUs: Number.isNaN(eventTsUs) ? undefined : eventTsUs }
      for (const line of book.tickLines) this.#countChanges(line.quote(tsUs, times))
    }
    if (isTickByTick && book.barLines.length > 0) this.#playBars(book, cursor.record(), tsUs)
    if (!isSampled || !isChange || book.lines.length === 0) return
    totals.changes += book.lines.length
    for (const line of book.lines) {
      if (this.#sampling && line.pendingQuotes + line.pendingFacets === 0) this.#wait(line, tsUs)
      line.pendingQuotes++
      if (!this.#sampling) line.send(tsUs, totals)
    }
  }

  #playRecord(feed: Feed, cursor: RecordCursor, tsUs: number): void {
    const record = cursor.record()
    const { book } = feed
    switch (record.kind) {
      case 'trade':
        this.#playTrade(feed, record, tsUs)
        break
      case 'greeks':
        this.#playGreeks(book, record, tsUs)
        break
      case 'statistic':
        this.#playFigure(book, record, tsUs)
        break
      default:
        return
    }
    if (!this.#sampling) for (const line of book.lines) if (line.pendingFacets > 0) line.send(tsUs, this.totals)
  }

  #playTrade({ book, last, rtVolume, tickByTick }: Feed, trade: Trade, tsUs: number): void {
    const { source, size, price } = trade
    if (!Number.isFinite(price)) {
      this.totals.notServed++
      return
    }
    const isSource = (wanted: TradeSource | undefined) => wanted === undefined || wanted === source
    if (isSource(tickByTick)) {
      for (const line of book.tickLines) this.#countChanges(line.trade(tsUs, trade))
      this.#playBars(book, trade, tsUs)
    }
    if (isSource(last) || isSource(rtVolume)) book.isDelayed = trade.delayed === true
    if (isSource(last)) {
      this.#change(book, book.updateLastTrade(trade), tsUs)
      // Samples do not add up to the day's volume; a tape of samples has it as a figure.
      if (source !== 'last' && source !== 'rt-volume' && size) this.#change(book, book.addVolume(size), tsUs)
    }
    if (isSource(rtVolume)) this.#change(book, book.updateRtVolume(trade), tsUs)
    if (!isSource(last) && !isSource(rtVolume) && !isSource(tickByTick)) this.totals.notServed++
  }

  #playGreeks(book: Book, greeks: Greeks, tsUs: number): void {
    // The tape knows better than a model of ours.
    book.model = undefined
    book.isDelayed = greeks.delayed === true
    this.#change(book, book.updateGreeks(greeks), tsUs)
  }

  #playFigure(book: Book, statistic: Statistic, tsUs: number): void {
    book.isDelayed = statistic.delayed === true
    if (book.canTell(statistic)) this.#change(book, book.updateFigure(statistic), tsUs)
    else this.totals.notServed++
  }

  #playBars(book: Book, record: TapeRecord, tsUs: number): void {
    if (record.kind !== 'quote' && record.kind !== 'trade') return
    for (const line of book.barLines) {
      if (!line.take(record)) continue
      if (this.#sampling) this.#gridAt(book, tsUs).waitingBars.push(line)
      else line.send(tsUs)
    }
  }

  #change(book: Book, facet: Facet | undefined, tsUs: number): void {
    if (!facet) return
    facet.changeNo = ++book.changeNo
    for (const line of book.lines) {
      if (!line.sees(facet)) continue
      this.totals.changes += facet.ticks
      if (this.#sampling && line.pendingQuotes + line.pendingFacets === 0) this.#wait(line, tsUs)
      line.pendingFacets += facet.ticks
    }
  }

  #wait(line: Line, tsUs: number): void {
    this.#gridAt(line.book, tsUs).waiting.push(line)
  }

  /** The grid of a contract, its next step set. */
  #gridAt({ listed }: Book, tsUs: number): Grid {
    const grid = listed.secType === 'OPT' ? this.#options : this.#others
    if (grid.dueUs === Number.POSITIVE_INFINITY) {
      const rest = tsUs % grid.stepUs
      grid.dueUs = rest === 0 ? tsUs : tsUs - rest + grid.stepUs
    }
    return grid
  }

  #countChanges(ticks: number): void {
    this.totals.changes += ticks
    this.#count(ticks)
  }

  /** Ticks of one message each. */
  #count(ticks: number): void {
    this.totals.ticksServed += ticks
    this.totals.messagesServed += ticks
  }

  /** The market data of a contract. */
  book(listed: ListedContract): Book {
    let book = this.#books.get(listed)
    if (!book) {
      book = new Book(listed)
      this.#books.set(listed, book)
    }
    return book
  }
}

function feedOf(book: Book, { tradeSources, isDoublyQuoted = false, isDelayed = false }: Instrument): Feed {
  const best = bestSource(tradeSources)
  const orBest = (source: TradeSource) => (tradeSources?.has(source) ? source : best)
  book.isDelayed ||= isDelayed
  if (isDoublyQuoted) book.ticks = new QuoteState()
  return { book, isDoublyQuoted, last: orBest('last'), rtVolume: orBest('rt-volume'), tickByTick: best }
}
