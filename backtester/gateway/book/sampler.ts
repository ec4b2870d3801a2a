/**
 * Turns the tape's ticks into the ticks of the open lines. With sampling, a change waits for the next point of its grid
 * (multiples of 250 ms of tape time for stocks, indices and futures, of 100 ms for options; a change exactly at a point goes
 * out there) and only what then differs from what the line last got is sent. Without, each change goes out at once.
 * Tick-by-tick lines get every record at once, whatever the sampling.
 *
 * What is known of the market is the one MarketState that the records are applied to, those included that validation quarantined:
 * what the feed gave is served, right or wrong.
 *
 * What is counted, over all lines: changes + statesServed + derived = ticksServed + merged + unsent + those still waiting.
 */

import { isMarked, Mark } from '../../../market/marks.ts'
import type { InstrumentState } from '../../../market/state/instrument-state.ts'
import { MarketState } from '../../../market/state/market-state.ts'
import type { Greeks, Quote, Statistic, TapeRecord, Tick, Trade, TradeSource } from '../../../market/tick.ts'
import { bestSource } from '../../../market/trade-sources.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { FIGURE_TYPES } from '../protocol/tick-types.ts'
import type { Book } from './book.ts'
import { Channel, type LineFeed, type LiveBars, moveItems, removeItem } from './channel.ts'
import { ComputedGreeks } from './computed-greeks.ts'
import { Line, type LineOptions } from './market-data-line.ts'
import { type MarketTotals, newMarketTotals } from './market-totals.ts'
import type { Mute } from './mute.ts'
import type { Outlet } from './outlet.ts'
import { isSameQuote } from './quote-sides.ts'
import { RealTimeSteps } from './real-time-bars.ts'
import { SamplingGrid } from './sampling-grid.ts'
import { canSay, type ServedField } from './served-fields.ts'
import { TickLine, type TickLineOptions } from './tick-by-tick-line.ts'
import { isUnserved } from './unserved.ts'

const US_PER_MS = 1000
const OPTION_STEP_US = 100 * US_PER_MS
const OTHER_STEP_US = 250 * US_PER_MS

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

/** An instrument of the tape, and which source each kind of trade message is made from: the one it was recorded from, else the best. */
interface Feed {
  /** The number under which its state is kept: the first one of its contract, which may have several. */
  instrument: number
  channel: Channel
  last: TradeSource | undefined
  rtVolume: TradeSource | undefined
  tickByTick: TradeSource | undefined
}

export class Sampler {
  readonly totals: MarketTotals = newMarketTotals()
  readonly state = new MarketState({ keepsQuarantined: true })
  readonly #sampling: boolean
  readonly #others = new SamplingGrid(OTHER_STEP_US)
  readonly #options = new SamplingGrid(OPTION_STEP_US)
  readonly #mutes = new Set<Mute>()
  readonly #channels = new Map<ListedContract, Channel>()
  readonly #feeds = new Map<number, Feed>()
  /** When real-time bars are due, which no sampling delays. */
  readonly realTimeSteps = new RealTimeSteps()
  #tickLines = 0

  /** `instruments`: the tape's numbers and what they stand for. */
  constructor(instruments: Iterable<readonly [number, Instrument]>, sampling: boolean) {
    this.#sampling = sampling
    const numbers = new Map<Channel, number>()
    for (const [instrument, known] of instruments) {
      const channel = this.#channel(known.listed)
      const number = numbers.get(channel) ?? instrument
      numbers.set(channel, number)
      this.#feeds.set(instrument, feedOf(number, channel, known))
    }
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
    return Math.min(this.#others.dueUs, this.#options.dueUs, this.realTimeSteps.dueUs)
  }

  /** The market data of a contract. */
  book(listed: ListedContract): Book {
    return this.#channel(listed).book
  }

  /** Lets the options of these instruments have computed values. `underlyingOf`: what an option is written on. */
  computeOptionValues(underlyingOf: (listed: ListedContract) => ListedContract | undefined, rate: number): void {
    for (const { channel } of this.#feeds.values()) {
      const { book } = channel
      const { contract } = book.listed
      const underlying = contract.kind === 'option' ? underlyingOf(book.listed) : undefined
      if (contract.kind === 'option' && underlying) book.computedGreeks = new ComputedGreeks(contract, this.book(underlying), rate)
    }
  }

  /** Opens a line and sends it the current state, if there is one. */
  open(listed: ListedContract, reqId: number, outlet: Outlet, nowUs: number, options?: LineOptions): Line {
    const { book, lines, silentLines } = this.#channel(listed)
    const line = new Line(reqId, book, outlet, options)
    const isSilent = this.#isSilent(listed, 'market-data', line)
    const list = isSilent ? silentLines : lines
    list.push(line)
    this.totals.linesOpened++
    if (book.isKnown && !isSilent) line.sendState(nowUs, this.totals)
    return line
  }

  /** A tick of a new line that was sent ahead of its state. */
  countAnnounced(): void {
    this.totals.statesServed++
    this.#count(1)
  }

  close(line: Line): void {
    const { lines, silentLines } = this.#channel(line.book.listed)
    removeItem([lines, silentLines], line)
    this.totals.linesClosed++
    this.#dropPending(line)
  }

  /** Opens a tick-by-tick line and sends it the current quote, if it is one of quotes. */
  openTicks(listed: ListedContract, reqId: number, outlet: Outlet, nowUs: number, options: TickLineOptions): TickLine {
    const { book, tickLines, silentTickLines } = this.#channel(listed)
    const line = new TickLine(reqId, book, outlet, options)
    const isSilent = this.#isSilent(listed, 'tick-by-tick', line)
    const list = isSilent ? silentTickLines : tickLines
    list.push(line)
    this.totals.linesOpened++
    this.#tickLines++
    if (!isSilent) this.#sendTickState(line, nowUs)
    return line
  }

  closeTicks(line: TickLine): void {
    const { tickLines, silentTickLines } = this.#channel(line.book.listed)
    removeItem([tickLines, silentTickLines], line)
    this.totals.linesClosed++
    this.#tickLines--
  }

  openBars(live: LiveBars): void {
    const { bars, silentBars } = this.#channel(live.listed)
    bars.push(live)
    if (this.#isSilent(live.listed, 'bars', live)) silentBars.add(live)
  }

  closeBars(live: LiveBars): void {
    const { bars, silentBars } = this.#channel(live.listed)
    removeItem([bars], live)
    silentBars.delete(live)
    live.isPending = false
  }

  /** The lines that it silences get nothing from now on, nor do those that are opened later. What waited for its step is not sent. */
  mute(mute: Mute): void {
    this.#mutes.add(mute)
    for (const { book, lines, silentLines, tickLines, silentTickLines, bars, silentBars } of this.#channels.values()) {
      const { listed } = book
      for (const line of moveItems(lines, silentLines, (line) => mute.silences(listed, 'market-data', line))) this.#dropPending(line)
      moveItems(tickLines, silentTickLines, (line) => mute.silences(listed, 'tick-by-tick', line))
      for (const live of bars) if (mute.silences(listed, 'bars', live)) silentBars.add(live)
    }
  }

  /** The lines that no other mute silences go on, beginning with what is new to them. */
  unmute(mute: Mute, nowUs: number): void {
    this.#mutes.delete(mute)
    for (const { book, lines, silentLines, tickLines, silentTickLines, silentBars } of this.#channels.values()) {
      const { listed } = book
      const isBack = (feed: LineFeed) => (line: object) => !this.#isSilent(listed, feed, line)
      for (const line of moveItems(silentLines, lines, isBack('market-data'))) if (book.isKnown) line.sendState(nowUs, this.totals)
      for (const line of moveItems(silentTickLines, tickLines, isBack('tick-by-tick'))) this.#sendTickState(line, nowUs)
      for (const live of [...silentBars].filter(isBack('bars'))) {
        silentBars.delete(live)
        if (live.isPending) live.send(nowUs)
      }
    }
  }

  /** Takes a record that is no tick. */
  note(record: Exclude<TapeRecord, Tick>): void {
    this.state.apply(record)
  }

  /** Takes a tick. Every step before `tsUs` must have been flushed. */
  play(tick: Tick, tsUs: number): void {
    const feed = this.#feeds.get(tick.instrument)
    if (!feed) return
    if (tick.verdict !== undefined && isUnserved(tick.verdict)) {
      this.totals.notServed++
      this.totals.notServedByVerdict++
      return
    }
    const { instrument } = feed
    const renumbered = tick.instrument === instrument ? tick : { ...tick, instrument }
    if (renumbered.kind === 'quote') this.#playQuote(feed.channel, renumbered, tsUs)
    else this.#playOther(feed, renumbered, tsUs)
  }

  /** Sends what the steps up to `stepUs` have to send: stocks first, so that an option's underlying is not older than the option. */
  flush(stepUs: number): void {
    this.#others.flush(stepUs, this.totals)
    this.#options.flush(stepUs, this.totals)
    this.realTimeSteps.flush(stepUs, (line) => this.#channel(line.listed).silentBars.has(line))
  }

  #isSilent(listed: ListedContract, feed: LineFeed, line: object): boolean {
    for (const mute of this.#mutes) if (mute.silences(listed, feed, line)) return true
    return false
  }

  /** What waited for its step is not sent any more. */
  #dropPending(line: Line): void {
    this.totals.unsent += line.pendingQuotes + line.pendingFields
    line.pendingQuotes = 0
    line.pendingFields = 0
  }

  /** The current quote, for a line of quotes. */
  #sendTickState(line: TickLine, nowUs: number): void {
    const quote = line.book.tickByTickQuote
    if (!quote) return
    const sent = line.quote(nowUs, quote, { tsUs: nowUs })
    this.totals.statesServed += sent
    this.#count(sent)
  }

  /** Applies a tick; returns the state of its instrument. */
  #apply(book: Book, tick: Tick): InstrumentState {
    this.state.apply(tick)
    const state = (book.state ??= this.state.of(tick.instrument))
    if (!state) throw new RangeError(`No state of instrument ${tick.instrument} behind one of its ticks`)
    return state
  }

  #playQuote(channel: Channel, quote: Quote, tsUs: number): void {
    const { book, lines, tickLines, bars } = channel
    const isTickByTick = !book.isDoublyQuoted || quote.source !== undefined
    const isSampled = !book.isDoublyQuoted || quote.source === undefined
    const before = book.quote
    this.#apply(book, quote)
    if (isTickByTick) {
      for (let i = 0; i < tickLines.length; i++) this.#countChanges((tickLines[i] as TickLine).quote(tsUs, quote, quote))
      if (bars.length > 0) this.#playBars(channel, quote, tsUs)
    }
    if (!isSampled || lines.length === 0 || (before !== undefined && isSameQuote(before, quote))) return
    const { totals } = this
    totals.changes += lines.length
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as Line
      if (this.#sampling && line.pendingQuotes + line.pendingFields === 0) this.#gridAt(book, tsUs).waiting.push(line)
      line.pendingQuotes++
      if (!this.#sampling) line.send(tsUs, totals)
    }
  }

  #playOther(feed: Feed, tick: Exclude<Tick, Quote>, tsUs: number): void {
    const { channel } = feed
    if (tick.kind === 'trade' && tick.source !== 'tick-by-tick' && isMarked(tick, Mark.initial)) this.#playFirstTrade(feed, tick, tsUs)
    else if (tick.kind === 'trade') this.#playTrade(feed, tick, tsUs)
    else if (tick.kind === 'greeks') this.#playGreeks(channel, tick, tsUs)
    else this.#playStatistic(channel, tick, tsUs)
    if (!this.#sampling) for (const line of channel.lines) if (line.pendingFields > 0) line.send(tsUs, this.totals)
  }

  /** What stood when it was asked for: news of the last trade and of RTVolume, and no trade of now. It adds to no sum of the day. */
  #playFirstTrade({ channel, last, rtVolume }: Feed, trade: Trade, tsUs: number): void {
    const { book } = channel
    const isLast = last === undefined || last === trade.source
    const isRtVolume = trade.source === 'rt-volume'
    if (!Number.isFinite(trade.price) || !(isLast || isRtVolume)) {
      this.totals.notServed++
      return
    }
    const state = this.#apply(book, trade)
    if (isLast) this.#change(channel, book.lastTrade(state, last), tsUs)
    if (isRtVolume) this.#change(channel, book.rtVolume(state, rtVolume), tsUs)
  }

  #playTrade({ channel, last, rtVolume, tickByTick }: Feed, trade: Trade, tsUs: number): void {
    const { source, price } = trade
    if (!Number.isFinite(price)) {
      this.totals.notServed++
      return
    }
    const { book, tickLines } = channel
    const isSource = (wanted: TradeSource | undefined) => wanted === undefined || wanted === source
    const state = this.#apply(book, trade)
    if (isSource(tickByTick)) {
      for (const line of tickLines) this.#countChanges(line.trade(tsUs, trade))
      this.#playBars(channel, trade, tsUs)
    }
    if (isSource(last)) {
      this.#change(channel, book.lastTrade(state, last), tsUs)
      // Samples do not add up to the day; a tape of samples has its figures.
      if (source !== 'last' && source !== 'rt-volume') this.#playDayFigures(channel, trade, tsUs)
    }
    if (isSource(rtVolume)) {
      const field = book.rtVolume(state, rtVolume)
      field.add(trade)
      this.#change(channel, field, tsUs)
    }
    if (!isSource(last) && !isSource(rtVolume) && !isSource(tickByTick)) this.totals.notServed++
  }

  /** The figures of the day as its trades make them, for a tape that has every trade. */
  #playDayFigures(channel: Channel, trade: Trade, tsUs: number): void {
    const { seq, instrument, delayed } = trade
    for (const [name, value] of channel.book.day.take(trade))
      this.#playStatistic(channel, { kind: 'statistic', seq, tsUs: trade.tsUs, instrument, delayed, name, value }, tsUs)
  }

  #playGreeks(channel: Channel, greeks: Greeks, tsUs: number): void {
    const { book } = channel
    // The tape knows better than a model of ours.
    book.computedGreeks = undefined
    const state = this.#apply(book, greeks)
    this.#change(channel, book.greeks(state, greeks.basis), tsUs)
  }

  /** IB has no message for some figures; those of RTVolume go out with its next trade. */
  #playStatistic(channel: Channel, statistic: Statistic, tsUs: number): void {
    const { book } = channel
    const { name, value, text } = statistic
    const type = FIGURE_TYPES.get(name)
    if (type && !canSay(type, statistic)) return
    const before = book.state?.statistics.get(name)
    const state = this.#apply(book, statistic)
    if (!type) {
      this.totals.notServed++
      book.correctRtVolume(statistic)
    } else if (!before || before.value !== value || before.text !== text) this.#change(channel, book.figure(state, name, type), tsUs)
  }

  #playBars({ book, bars, silentBars }: Channel, tick: Quote | Trade, tsUs: number): void {
    for (const live of bars) {
      if (!live.take(tick) || silentBars.has(live)) continue
      if (this.#sampling) this.#gridAt(book, tsUs).waitingBars.push(live)
      else live.send(tsUs)
    }
  }

  #change({ book, lines }: Channel, field: ServedField, tsUs: number): void {
    field.changeNo = ++book.changeNo
    for (const line of lines) {
      if (!line.sees(field)) continue
      this.totals.changes += field.ticks
      if (this.#sampling && line.pendingQuotes + line.pendingFields === 0) this.#gridAt(book, tsUs).waiting.push(line)
      line.pendingFields += field.ticks
    }
  }

  /** The grid of a contract, its next step set. */
  #gridAt({ listed }: Book, tsUs: number): SamplingGrid {
    const grid = listed.secType === 'OPT' ? this.#options : this.#others
    grid.expect(tsUs)
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

  #channel(listed: ListedContract): Channel {
    let channel = this.#channels.get(listed)
    if (!channel) {
      channel = new Channel(listed)
      this.#channels.set(listed, channel)
    }
    return channel
  }
}

function feedOf(instrument: number, channel: Channel, { tradeSources, isDoublyQuoted = false, isDelayed = false }: Instrument): Feed {
  const best = bestSource(tradeSources)
  const orBest = (source: TradeSource) => (tradeSources?.has(source) ? source : best)
  channel.book.beginsDelayed ||= isDelayed
  channel.book.isDoublyQuoted ||= isDoublyQuoted
  return { instrument, channel, last: orBest('last'), rtVolume: orBest('rt-volume'), tickByTick: best }
}
