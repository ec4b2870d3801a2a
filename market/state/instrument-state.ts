/**
 * What is known of one instrument. A quote on the tape is whole, so the latest record of each kind is the state: nothing is copied out of
 * the records, and taking one in allocates nothing.
 */

import type { Contract } from '../contract.ts'
import { isMarked, Mark } from '../marks.ts'
import type { Greeks, LineEvent, LineFeed, MissingFeed, Quote, Statistic, Tick, Trade, TradeSource } from '../tick.ts'
import { type LineState, type OpenedLines, TrackedLine } from './line-state.ts'

export interface InstrumentState {
  readonly instrument: number
  /** Undefined when no record named it: the stream was joined behind its contract. */
  readonly contract: Contract | undefined
  /** Best bid and ask: the latest sampled or imported quote. A side without a price is empty. */
  readonly quote: Quote | undefined
  /** The latest tick-by-tick quote, a book of its own: an instrument may have both. */
  readonly tickByTickQuote: Quote | undefined
  /** The latest trade of any source. */
  readonly lastTrade: Trade | undefined
  /** The latest trade by source; several sources can report one trade. */
  tradeOf(source: TradeSource): Trade | undefined
  /** The latest statistic of each name. */
  readonly statistics: ReadonlyMap<string, Statistic>
  greeksOf(basis: Greeks['basis']): Greeks | undefined
  /** The latest market data was delayed. Tick-by-tick data, which is never delayed, decides only where there is nothing else. */
  readonly isDelayed: boolean
  /** The latest market data, other than tick by tick, was frozen: what stood when the market closed. */
  readonly isFrozen: boolean
  /** Time of the latest tick, quarantined ones included: they prove that data comes in. */
  readonly lastTickUs: number | undefined
  /** The line that carries the market data, or a tick-by-tick feed. Undefined when this session never had it. */
  line(feed?: LineFeed): LineState | undefined
}

export class TrackedInstrument implements InstrumentState {
  readonly instrument: number
  contract: Contract | undefined = undefined
  quote: Quote | undefined = undefined
  tickByTickQuote: Quote | undefined = undefined
  lastTrade: Trade | undefined = undefined
  readonly statistics = new Map<string, Statistic>()
  isDelayed = false
  isFrozen = false
  /** NaN before the first tick, so that the field holds a number all along. */
  lastUs = Number.NaN
  readonly #trades = new Map<TradeSource, Trade>()
  readonly #greeks = new Map<Greeks['basis'], Greeks>()
  readonly #lines = new Map<MissingFeed | undefined, TrackedLine>()

  constructor(instrument: number) {
    this.instrument = instrument
  }

  get lastTickUs(): number | undefined {
    return Number.isNaN(this.lastUs) ? undefined : this.lastUs
  }

  tradeOf(source: TradeSource): Trade | undefined {
    return this.#trades.get(source)
  }

  greeksOf(basis: Greeks['basis']): Greeks | undefined {
    return this.#greeks.get(basis)
  }

  line(feed?: LineFeed): LineState | undefined {
    return this.#lines.get(feed)
  }

  takeQuote(quote: Quote): void {
    if (quote.source === undefined) {
      this.quote = quote
      this.isDelayed = quote.delayed === true
      this.isFrozen = isMarked(quote, Mark.frozen)
    } else {
      this.tickByTickQuote = quote
      if (this.quote === undefined) this.isDelayed = quote.delayed === true
    }
  }

  /** Everything but quotes. */
  takeTick(tick: Exclude<Tick, Quote>): void {
    if (tick.kind === 'trade') {
      this.lastTrade = tick
      this.#trades.set(tick.source, tick)
      if (tick.source === 'tick-by-tick' && this.quote !== undefined) return
    } else if (tick.kind === 'greeks') this.#greeks.set(tick.basis, tick)
    else this.statistics.set(tick.name, tick)
    this.isDelayed = tick.delayed === true
    this.isFrozen = isMarked(tick, Mark.frozen)
  }

  takeLine(event: LineEvent): OpenedLines {
    let line = this.#lines.get(event.feed)
    if (!line) {
      line = new TrackedLine(event)
      this.#lines.set(event.feed, line)
    }
    return line.apply(event)
  }

  get openLines(): number {
    let open = 0
    for (const { isOpen } of this.#lines.values()) open += Number(isOpen)
    return open
  }

  forgetLines(): void {
    this.#lines.clear()
  }
}
