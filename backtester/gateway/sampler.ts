/**
 * Turns the tape's quotes into the ticks of the open lines. With sampling, a change waits for the next point of its grid
 * (multiples of 250 ms of tape time for stocks, indices and futures, of 100 ms for options; a change exactly at a point goes
 * out there) and only what then differs from what the line last got is sent. Without, each change goes out at once.
 *
 * What is counted, over all lines: changes = ticks carrying a change + merged + unsent + those still waiting.
 */

import { type RecordCursor, RecordKind } from '../../db/tape/codec.ts'
import type { ListedContract } from './contracts.ts'
import { Book, Line, type Outlet } from './line.ts'

const US_PER_MS = 1000
const OPTION_STEP_US = 100 * US_PER_MS
const OTHER_STEP_US = 250 * US_PER_MS

/** Counts since the gateway started. A tick is all messages of one line at one moment; a message is one tickPrice or tickSize. */
export interface MarketTotals {
  linesOpened: number
  linesClosed: number
  /** Quotes of the tape that changed the state of an open line, once for each such line. */
  changes: number
  /** Changes overwritten or taken back before their sampling step. */
  merged: number
  /** Changes that waited for their step when the line was closed. */
  unsent: number
  /** Ticks that gave a new line the state it found. */
  statesServed: number
  /** All ticks: those with a change and those with a first state. */
  ticksServed: number
  messagesServed: number
  /** Trades, greeks and statistics of the tape that went by: this gateway has no messages for them yet. */
  notServed: number
}

/** Lines with changes that wait for the same kind of sampling step. */
class Grid {
  readonly stepUs: number
  dueUs = Number.POSITIVE_INFINITY
  waiting: Line[] = []

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
    ticksServed: 0,
    messagesServed: 0,
    notServed: 0,
  }
  readonly #sampling: boolean
  readonly #others = new Grid(OTHER_STEP_US)
  readonly #options = new Grid(OPTION_STEP_US)
  readonly #books = new Map<ListedContract, Book>()
  readonly #bookOf = new Map<number, Book>()

  /** `instruments`: the tape's numbers and what they stand for. */
  constructor(instruments: Iterable<readonly [number, ListedContract]>, sampling: boolean) {
    this.#sampling = sampling
    for (const [instrument, listed] of instruments) this.#bookOf.set(instrument, this.#book(listed))
  }

  get openLines(): number {
    return this.totals.linesOpened - this.totals.linesClosed
  }

  /** Tape time of the next sampling step that has something to look at; Infinity when no change waits. */
  get dueUs(): number {
    return Math.min(this.#others.dueUs, this.#options.dueUs)
  }

  /** Opens a line and sends it the current state, if there is one, as one tick. */
  open(listed: ListedContract, reqId: number, outlet: Outlet, nowUs: number): Line {
    const book = this.#book(listed)
    const line = new Line(reqId, book, outlet)
    book.lines.push(line)
    this.totals.linesOpened++
    if (book.isKnown) {
      this.#count(line.send(nowUs))
      this.totals.statesServed++
    }
    return line
  }

  close(line: Line): void {
    const { lines } = line.book
    lines.splice(lines.indexOf(line), 1)
    this.totals.linesClosed++
    this.totals.unsent += line.pending
    line.pending = 0
  }

  /** Takes the tick under the cursor. Every step before `tsUs` must have been flushed. */
  play(cursor: RecordCursor, tsUs: number): void {
    const { totals } = this
    if (cursor.kind !== RecordKind.quote) {
      totals.notServed++
      return
    }
    const book = this.#bookOf.get(cursor.instrument)
    if (!book?.update(cursor.number(1), cursor.number(2), cursor.number(3), cursor.number(4))) return
    totals.changes += book.lines.length
    if (!this.#sampling) {
      for (const line of book.lines) this.#count(line.send(tsUs))
      return
    }
    if (book.lines.length === 0) return
    const grid = book.listed.secType === 'OPT' ? this.#options : this.#others
    if (grid.dueUs === Number.POSITIVE_INFINITY) {
      const rest = tsUs % grid.stepUs
      grid.dueUs = rest === 0 ? tsUs : tsUs - rest + grid.stepUs
    }
    for (const line of book.lines) if (line.pending++ === 0) grid.waiting.push(line)
  }

  /** Sends what the steps up to `stepUs` have to send: stocks first, so that an option's underlying is not older than the option. */
  flush(stepUs: number): void {
    for (const grid of [this.#others, this.#options]) {
      if (grid.dueUs > stepUs) continue
      grid.dueUs = Number.POSITIVE_INFINITY
      const { waiting } = grid
      for (const line of waiting) {
        // Closed while it waited.
        if (line.pending === 0) continue
        const messages = line.send(stepUs)
        this.totals.merged += messages === 0 ? line.pending : line.pending - 1
        line.pending = 0
        if (messages > 0) this.#count(messages)
      }
      waiting.length = 0
    }
  }

  #count(messages: number): void {
    this.totals.ticksServed++
    this.totals.messagesServed += messages
  }

  #book(listed: ListedContract): Book {
    let book = this.#books.get(listed)
    if (!book) {
      book = new Book(listed)
      this.#books.set(listed, book)
    }
    return book
  }
}
