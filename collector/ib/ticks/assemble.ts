/**
 * Makes whole ticks of a line's field messages. IB sends bid, ask, last and their sizes one by one and marks no end.
 *
 * At most one group is open: the fields of one line that are one update. It closes, and its ticks go out in the order in which they began,
 * when another line's message or any other message follows, when a part comes that does not fit behind those that came before
 * (update-order.ts), or after 5 ms of silence. Until then nothing of it is shown, so a half-updated quote never looks crossed. Socket
 * reads play no part, and neither do times of arrival behind a stall, when everything comes at once. A gateway that publishes its time
 * marks the end of every group with it; then silence says nothing, and a gateway that is held up in the middle of a quote does not split it.
 *
 * Where updates of a line come back to back, the order of their parts tells most of them apart, not all. A quote of several parts that
 * has its neighbours within 5 ms, or comes behind a stall, is therefore marked `merged`: another one may have stood before it, or instead,
 * and is lost.
 *
 * A size that repeats the standing one says nothing: IB sends the size of a trade by itself behind the price that carries it, and a size
 * alone only when it changed. The time of a last trade by itself is no trade: its price may follow late.
 *
 * A tick-by-tick message is a whole tick and goes out at once.
 */

import { Mark } from '../../../market/marks.ts'
import type { Quote, Tick, Trade, Verdict } from '../../../market/tick.ts'
import type { ControlMessage, FieldMessage, LineMessage } from '../messages.ts'
import { fieldValue, isOfTrade, isSizeless, type Line, newLine, takePriceMessage } from './line.ts'
import { emptyQuote, fillQuote, isNoPrice, sampledTrade, tickBase, ticksOf, wholeTick, wholeUs } from './make-ticks.ts'
import { StallWatch } from './stall.ts'
import { GROUP_FIELDS, type GroupField, isDelayedType, isFrozenType, LIVE_TYPES, RT_VOLUME, VENUE_LETTERS, VOLUME } from './tick-types.ts'
import { bitOf, hasSeveralQuoteParts, hasTrade, mayAdd, type Part } from './update-order.ts'

/** Silence after which a group is over, when the gateway marks no end. */
export const SILENCE_MS = 5
/** Ids of closed lines that are remembered. At 50 messages a second, what a line sends after its cancel comes long before so many others. */
const CLOSED_KEPT = 10_000

interface Entry {
  tick: Tick
  arrivalUs: number
}

interface Group {
  line: Line
  entries: Entry[]
  quote: Quote | undefined
  trade: Trade | undefined
  /** The parts of its update so far, as bits (update-order.ts). */
  seen: number
  /** It has the first price of the line's last trade. */
  hasFirstLast: boolean
  firstMs: number
  lastMessageMs: number
}

/** The last trade of an instrument, as market data gave it. */
type LastTrade = Pick<Trade, 'price' | 'size' | 'eventTsUs' | 'delayed'>

export interface AssemblerOptions {
  /** Silence that ends a group; Infinity where the gateway marks the end. */
  silenceMs?: number
  /** The market's time at a message's arrival. */
  usAt: (arrivalMs: number) => number
}

/** Whom the assembler gives what it makes. */
export interface AssemblerOutput {
  /** A whole tick; seq, tsUs and verdict are still to be set. */
  onTick: (tick: Tick, arrivalUs: number) => unknown
  /** The first data of a line, or the next of one that is watched, before its tick. */
  onLineAlive: (reqId: number) => void
  /** A message of a line that was never opened. */
  onUnknownLine: (reqId: number) => void
  /** A tick type that is not mapped. */
  onUnknownType: (tickType: number) => void
}

const UNFINISHED: Verdict = {
  disposition: 'quarantine',
  findings: [
    {
      rule: 'unfinished',
      severity: 'error',
      disposition: 'quarantine',
      reason: 'the connection ended while its fields were arriving',
    },
  ],
}

export class Assembler {
  readonly #usAt: AssemblerOptions['usAt']
  #output: AssemblerOutput | undefined
  readonly #lines = new Map<number, Line>()
  readonly #silenceMs: number
  #stalls = new StallWatch()
  /** The message that is taken belongs to the burst behind a stall. */
  #isLate = false
  /** By instrument, beyond the life of a line: a line that is asked for again begins with the trade that is known. */
  readonly #lastTrades = new Map<number, LastTrade>()
  /** Lines closed on purpose: what still comes of them was on its way when they were cancelled, and is not lost data. */
  readonly #closed = new Set<number>()
  #group: Group | undefined

  constructor({ silenceMs = SILENCE_MS, usAt }: AssemblerOptions) {
    this.#usAt = usAt
    this.#silenceMs = silenceMs
  }

  /** To be called before the first message is taken. */
  connect(output: AssemblerOutput): void {
    this.#output = output
  }

  /** Messages with this id are fields of this instrument. */
  openLine(reqId: number, instrument: number): void {
    this.#lines.set(reqId, newLine(instrument, this.#isEndMarked))
    this.#closed.delete(reqId)
  }

  /** Reports the next data of an open line. */
  watchLine(reqId: number): void {
    const line = this.#lines.get(reqId)
    if (line) line.isWatched = true
  }

  closeLine(reqId: number): void {
    const line = this.#lines.get(reqId)
    if (!line) return
    if (this.#group?.line === line) this.closeGroup()
    this.#lines.delete(reqId)
    this.#closed.add(reqId)
    const [oldest] = this.#closed
    if (this.#closed.size > CLOSED_KEPT && oldest !== undefined) this.#closed.delete(oldest)
  }

  /** The gateway knows the line, and may have named the type of its data from here on. No group is open. */
  accept({ reqId, marketDataType, bboExchange, arrivalMs }: Extract<ControlMessage, { type: 'line-accepted' }>): void {
    const line = this.#lines.get(reqId)
    if (!line) return
    const us = this.#usAt(arrivalMs)
    if (bboExchange) line.bboExchange = bboExchange
    line.first.begin(us)
    if (marketDataType === undefined) return
    if (marketDataType === line.dataType && this.#isEndMarked) line.first.again(us)
    line.dataType = marketDataType
    line.delayed = isDelayedType(marketDataType)
    line.frozen = isFrozenType(marketDataType)
  }

  take(message: LineMessage): void {
    const line = this.#lines.get(message.reqId)
    if (this.#group && this.#group.line !== line) this.closeGroup()
    this.#isLate = !this.#isEndMarked && this.#stalls.take(message.arrivalMs)
    if (!line) {
      if (!this.#closed.has(message.reqId)) this.#output?.onUnknownLine(message.reqId)
      return
    }
    if (!line.first.hasBegun) line.first.begin(this.#usAt(message.arrivalMs))
    if (line.isWatched) {
      line.isWatched = false
      this.#output?.onLineAlive(message.reqId)
    }
    if ('tickType' in message) this.#takeFieldMessage(line, message)
    else this.#send(wholeTick(line.instrument, line.delayed, this.#marksOf(line), message), message)
    if (this.#group) this.#group.lastMessageMs = message.arrivalMs
  }

  /** Closes the open group and sends its ticks out. */
  closeGroup(): void {
    this.#closeGroup(Number.POSITIVE_INFINITY)
  }

  /** Milliseconds until the open group has been silent for long enough; undefined without one. */
  silentInMs(nowMs: number): number | undefined {
    return this.#group && this.#group.lastMessageMs + this.#silenceMs - nowMs
  }

  /** The feed ended while a group was open: whether its quote is whole cannot be known, so it is kept out of the quotes. */
  abandonGroup(): void {
    // The next link has other request ids, and begins with first values: no burst behind a stall, however short the pause was.
    this.#closed.clear()
    this.#stalls = new StallWatch()
    this.#isLate = false
    const { quote, trade } = this.#group ?? {}
    if (quote) quote.verdict = { ...UNFINISHED }
    if (trade) trade.verdict = { ...UNFINISHED }
    this.closeGroup()
  }

  get #isEndMarked(): boolean {
    return this.#silenceMs === Number.POSITIVE_INFINITY
  }

  /** What all ticks that come now of a line are marked with. */
  #marksOf({ frozen }: Line): number {
    return (frozen ? Mark.frozen : 0) | (this.#isLate ? Mark.late : 0)
  }

  /** `nextMs`: when the line's message came that begins the next group; Infinity when another message, or none, ends this one. */
  #closeGroup(nextMs: number): void {
    const group = this.#group
    if (!group) return
    this.#group = undefined
    const { line, quote, trade, entries } = group
    if (quote) {
      fillQuote(quote, line.fields)
      let marks = (quote.marks ?? 0) | line.priceMarks.bidPrice | line.priceMarks.askPrice
      if (hasSeveralQuoteParts(group.seen) && this.#isCrowded(group, nextMs)) marks |= Mark.merged
      quote.marks = marks || undefined
    }
    line.groupEndMs = group.lastMessageMs
    for (const { tick, arrivalUs } of entries) {
      const sent = tick === trade ? this.#finishedTrade(group, trade) : tick
      if (sent) this.#output?.onTick(sent, arrivalUs)
    }
  }

  /** The updates of the line before or behind came so close that they may be part of this one. */
  #isCrowded({ line, firstMs, lastMessageMs, quote }: Group, nextMs: number): boolean {
    if (this.#isEndMarked) return false
    if (quote?.marks !== undefined && (quote.marks & Mark.late) !== 0) return true
    return firstMs - line.groupEndMs < this.#silenceMs || nextMs - lastMessageMs < this.#silenceMs
  }

  /** The trade with its values; what else its messages say when it is none; undefined when they say nothing. */
  #finishedTrade({ line, seen, hasFirstLast }: Group, trade: Trade): Tick | undefined {
    const { instrument, fields, first } = line
    const { lastPrice, lastSize, lastTime } = fields
    const eventTsUs = wholeUs((lastTime ?? Number.NaN) * 1_000_000)
    if (!hasTrade(seen)) {
      // First of all values, it is part of them.
      if (lastTime === undefined || lastPrice === undefined) return undefined
      return {
        kind: 'statistic',
        ...tickBase(instrument, line.fieldsDelayed, trade.marks ?? 0),
        eventTsUs,
        name: 'last-time',
        value: lastTime,
      }
    }
    // There was no trade yet.
    if (lastPrice === undefined || isNoPrice(lastPrice, lastSize)) return undefined
    trade.price = lastPrice
    trade.size = lastSize
    trade.eventTsUs = eventTsUs
    let marks = (trade.marks ?? 0) | line.priceMarks.lastPrice
    // A line that was slow to answer.
    if (hasFirstLast && first.isLongBefore(eventTsUs)) marks |= Mark.initial
    trade.marks = marks || undefined
    const known = this.#lastTrades.get(instrument)
    if ((marks & Mark.initial) !== 0 && known && isSameTrade(known, trade)) return undefined
    // One that is kept out as unfinished is to be recorded when it is given again.
    if (!trade.verdict) this.#lastTrades.set(instrument, { price: lastPrice, size: lastSize, eventTsUs, delayed: trade.delayed })
    return trade
  }

  #takeFieldMessage(line: Line, message: FieldMessage): void {
    const liveType = LIVE_TYPES[message.tickType]
    const tickType = liveType ?? message.tickType
    const delayed = line.delayed || liveType !== undefined
    const field = GROUP_FIELDS[tickType]
    if (field) return this.#takeField(line, field, tickType, message, delayed)
    if (tickType === VOLUME && this.#group) {
      if (!this.#isOfUpdate(this.#group, 'volume', false)) this.#closeGroup(message.arrivalMs)
      else this.#group.seen |= bitOf('volume')
    }
    const { first } = line
    if (line.bboExchange !== undefined && VENUE_LETTERS.has(tickType)) this.#sendBboExchange(line, line.bboExchange, message)
    const isFirst = !first.has(tickType) && first.isState(this.#usAt(message.arrivalMs))
    first.note(tickType)
    const marks = this.#marksOf(line)
    const ticks = ticksOf(tickBase(line.instrument, delayed, isFirst ? marks | Mark.initial : marks), tickType, message)
    if (!ticks) return this.#output?.onUnknownType(message.tickType)
    for (const tick of ticks) {
      // RTVolume comes with each trade and has the time of it: the first one may well be a trade of now.
      if (isFirst && tickType === RT_VOLUME && !first.isBefore(tick.eventTsUs)) tick.marks = marks || undefined
      this.#send(tick, message)
    }
  }

  #takeField(line: Line, field: GroupField, tickType: number, message: FieldMessage, delayed: boolean): void {
    if (line.fieldsDelayed !== delayed) {
      // A quote of one side in real time and one of a quarter of an hour ago never stood.
      this.#closeGroup(message.arrivalMs)
      line.fields = {}
      line.fieldsDelayed = delayed
    }
    const { fields, first } = line
    const value = fieldValue(field, message)
    const { arrivalMs } = message
    const isRepeated = message.type !== 'price' && field in fields && fields[field] === value
    // But for the size of a trade that has a new time.
    if (isRepeated && !(field === 'lastSize' && this.#hasTime())) return
    if (!isRepeated && this.#group && !this.#isOfUpdate(this.#group, field, value === undefined || isSizeless(field, fields)))
      this.#closeGroup(arrivalMs)
    const group = (this.#group ??= this.#newGroup(line, arrivalMs))
    const tick = isOfTrade(field) ? this.#tradeOf(group, arrivalMs) : this.#quoteOf(group, arrivalMs)
    group.seen |= bitOf(field)
    if (!first.has(tickType)) {
      if (first.isState(this.#usAt(arrivalMs))) tick.marks = (tick.marks ?? 0) | Mark.initial
      if (field === 'lastPrice') group.hasFirstLast = true
      first.note(tickType)
    }
    fields[field] = value
    if (message.type === 'price') takePriceMessage(line, field, message)
  }

  /** Where the gateway marks the end of an update, only a second part of one kind begins another. */
  #isOfUpdate({ seen }: Group, part: Part, isSizeless: boolean): boolean {
    return this.#isEndMarked ? (seen & bitOf(part)) === 0 : mayAdd(seen, part, isSizeless)
  }

  #hasTime(): boolean {
    return this.#group !== undefined && (this.#group.seen & bitOf('lastTime')) !== 0
  }

  #newGroup(line: Line, arrivalMs: number): Group {
    return {
      line,
      entries: [],
      quote: undefined,
      trade: undefined,
      seen: 0,
      hasFirstLast: false,
      firstMs: arrivalMs,
      lastMessageMs: arrivalMs,
    }
  }

  #quoteOf(group: Group, arrivalMs: number): Quote {
    if (!group.quote) {
      const { line } = group
      group.quote = emptyQuote(line.instrument, line.fieldsDelayed)
      group.quote.marks = this.#marksOf(line) || undefined
      group.entries.push({ tick: group.quote, arrivalUs: this.#usAt(arrivalMs) })
    }
    return group.quote
  }

  #tradeOf(group: Group, arrivalMs: number): Trade {
    if (!group.trade) {
      const { line } = group
      group.trade = sampledTrade(line.instrument, line.fieldsDelayed)
      group.trade.marks = this.#marksOf(line) || undefined
      group.entries.push({ tick: group.trade, arrivalUs: this.#usAt(arrivalMs) })
    }
    return group.trade
  }

  /** A tick of one message. Inside an open group of its line it waits its turn. */
  #send(tick: Tick, { arrivalMs }: LineMessage): void {
    const arrivalUs = this.#usAt(arrivalMs)
    if (this.#group) this.#group.entries.push({ tick, arrivalUs })
    else this.#output?.onTick(tick, arrivalUs)
  }

  /** Ahead of the first letters that it explains. Not when it comes: that the gateway knows a line proves no data. */
  #sendBboExchange(line: Line, text: string, message: LineMessage): void {
    line.bboExchange = undefined
    const base = tickBase(line.instrument, line.delayed, Mark.initial | this.#marksOf(line))
    this.#send({ kind: 'statistic', ...base, name: 'bbo-exchange', text }, message)
  }
}

function isSameTrade(one: LastTrade, other: LastTrade): boolean {
  return one.price === other.price && one.size === other.size && one.eventTsUs === other.eventTsUs && one.delayed === other.delayed
}
