/**
 * Makes whole ticks of a line's field messages. IB sends bid, ask, last and their sizes one by one and marks no end.
 *
 * At most one group is open: the fields of one line that arrived together. It closes, and its ticks go out in the order in which
 * they began, when another line's message or any other message follows, when the same price comes again (or the same size with
 * another value), or after 5 ms of silence. Until then nothing of it is shown, so a half-updated quote never looks crossed.
 * Socket reads play no part. A gateway that publishes its time marks the end of every group with it; then silence says nothing,
 * and a gateway that is held up in the middle of a quote does not split it.
 *
 * A tick-by-tick message is a whole tick and goes out at once.
 */

import type { Quote, Tick, Trade, Verdict } from '../../../market/tick.ts'
import type { FieldMessage, LineMessage, TickByTickMessage } from '../messages.ts'
import { GREEKS_BASIS, GROUP_FIELDS, type GroupField, LIVE_TYPES, RT_VOLUME, STATISTICS } from './tick-types.ts'

/** Silence after which a group is over, when the gateway marks no end. */
export const SILENCE_MS = 5
/** Ids of closed lines that are remembered. At 50 messages a second, what a line sends after its cancel comes long before so many others. */
const CLOSED_KEPT = 10_000

interface Line {
  instrument: number
  /** Its next data is to be reported. */
  isWatched: boolean
  /** The gateway said that all its data is delayed; else the type of a message says it. */
  delayed: boolean
  /** The latest value of every field; IB repeats nothing that did not change. */
  fields: Partial<Record<GroupField, number | undefined>>
  fieldsDelayed: boolean
}

interface Entry {
  tick: Tick
  arrivalUs: number
}

interface Group {
  line: Line
  entries: Entry[]
  quote: boolean
  trade: boolean
  /** Fields that came in a message of their own; a size inside a price message is not. */
  seen: Set<GroupField>
  lastMessageMs: number
}

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
  severity: 'quarantine',
  rules: 'unfinished',
  reason: 'the connection ended while its fields were arriving',
}

export class Assembler {
  readonly #usAt: AssemblerOptions['usAt']
  #output: AssemblerOutput | undefined
  readonly #lines = new Map<number, Line>()
  readonly #silenceMs: number
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
    this.#lines.set(reqId, { instrument, isWatched: true, delayed: false, fields: {}, fieldsDelayed: false })
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

  /** The gateway named the type of the line's data from here on. No group is open. */
  setDelayed(reqId: number, delayed: boolean): void {
    const line = this.#lines.get(reqId)
    if (line) line.delayed = delayed
  }

  take(message: LineMessage): void {
    const line = this.#lines.get(message.reqId)
    if (this.#group && this.#group.line !== line) this.closeGroup()
    if (!line) {
      if (!this.#closed.has(message.reqId)) this.#output?.onUnknownLine(message.reqId)
      return
    }
    if (line.isWatched) {
      line.isWatched = false
      this.#output?.onLineAlive(message.reqId)
    }
    if ('tickType' in message) this.#takeFieldMessage(line, message)
    else this.#send(wholeTick(line, message), message)
    if (this.#group) this.#group.lastMessageMs = message.arrivalMs
  }

  /** Closes the open group and sends its ticks out. */
  closeGroup(): void {
    const group = this.#group
    if (!group) return
    this.#group = undefined
    for (const { tick, arrivalUs } of group.entries) {
      if (tick.kind === 'quote') fillQuote(tick, group.line.fields)
      else if (tick.kind === 'trade' && tick.source === 'last' && !fillTrade(tick, group.line.fields)) continue
      this.#output?.onTick(tick, arrivalUs)
    }
  }

  /** Milliseconds until the open group has been silent for long enough; undefined without one. */
  silentInMs(nowMs: number): number | undefined {
    return this.#group && this.#group.lastMessageMs + this.#silenceMs - nowMs
  }

  /** The feed ended while a group was open: whether its quote is whole cannot be known, so it is kept out of the quotes. */
  abandonGroup(): void {
    // The next link has other request ids.
    this.#closed.clear()
    for (const { tick } of this.#group?.entries ?? [])
      if (tick.kind === 'quote' || (tick.kind === 'trade' && tick.source === 'last')) tick.verdict = { ...UNFINISHED }
    this.closeGroup()
  }

  #takeFieldMessage(line: Line, message: FieldMessage): void {
    const liveType = LIVE_TYPES[message.tickType]
    const tickType = liveType ?? message.tickType
    const delayed = line.delayed || liveType !== undefined
    const field = GROUP_FIELDS[tickType]
    if (field) return this.#takeField(line, field, message, delayed)
    const ticks = ticksOf(line.instrument, tickType, message, delayed)
    if (!ticks) return this.#output?.onUnknownType(message.tickType)
    for (const tick of ticks) this.#send(tick, message)
  }

  #takeField(line: Line, field: GroupField, message: FieldMessage, delayed: boolean): void {
    if (line.fieldsDelayed !== delayed) {
      // A quote of one side in real time and one of a quarter of an hour ago never stood.
      this.closeGroup()
      line.fields = {}
      line.fieldsDelayed = delayed
    }
    const value = fieldValue(field, message)
    const isSize = message.type === 'size'
    if (this.#group?.seen.has(field) && (!isSize || line.fields[field] !== value)) this.closeGroup()
    this.#group ??= { line, entries: [], quote: false, trade: false, seen: new Set(), lastMessageMs: message.arrivalMs }
    const group = this.#group
    group.seen.add(field)
    const arrivalUs = this.#usAt(message.arrivalMs)
    if (field === 'lastPrice' || field === 'lastSize' || field === 'lastTime') {
      if (!group.trade) group.entries.push({ tick: sampledTrade(line), arrivalUs })
      group.trade = true
    } else {
      if (!group.quote) group.entries.push({ tick: emptyQuote(line.instrument, delayed), arrivalUs })
      group.quote = true
    }
    line.fields[field] = value
    if (message.type === 'price') {
      if (field === 'bidPrice') line.fields.bidSize = message.size
      else if (field === 'askPrice') line.fields.askSize = message.size
      else line.fields.lastSize = message.size
    }
  }

  /** A tick of one message. Inside an open group of its line it waits its turn. */
  #send(tick: Tick, { arrivalMs }: LineMessage): void {
    const arrivalUs = this.#usAt(arrivalMs)
    if (this.#group) this.#group.entries.push({ tick, arrivalUs })
    else this.#output?.onTick(tick, arrivalUs)
  }
}

function fieldValue(field: GroupField, message: FieldMessage): number | undefined {
  switch (message.type) {
    case 'price':
      return field !== 'lastPrice' && isNoPrice(message.price, message.size) ? undefined : message.price
    case 'size':
      return message.size
    case 'text':
      return Number.parseInt(message.text, 10) || undefined
    default:
      return undefined
  }
}

/** With every field of its kind from the beginning, so that all quotes are of one shape to the engine. */
function emptyQuote(instrument: number, delayed: boolean): Quote {
  return {
    kind: 'quote',
    seq: 0,
    tsUs: 0,
    instrument,
    eventTsUs: undefined,
    bidPrice: undefined,
    askPrice: undefined,
    bidSize: undefined,
    askSize: undefined,
    source: undefined,
    delayed: delayed || undefined,
    verdict: undefined,
  }
}

function sampledTrade({ instrument, fieldsDelayed }: Line): Trade {
  return { kind: 'trade', seq: 0, tsUs: 0, instrument, price: Number.NaN, source: 'last', delayed: fieldsDelayed || undefined }
}

/**
 * IB's attributes of a tick-by-tick message are not kept: that a price is past the day's limit, that a trade is unreported. Why it is
 * unreported stands in its conditions, as for an odd lot.
 */
function wholeTick({ instrument, delayed }: Line, message: TickByTickMessage): Tick {
  if (message.type === 'tick-by-tick-quote') {
    const quote = emptyQuote(instrument, delayed)
    quote.eventTsUs = message.eventTsUs
    quote.source = 'tick-by-tick'
    const { bidPrice, bidSize, askPrice, askSize } = message
    const noBid = isNoPrice(bidPrice, bidSize)
    const noAsk = isNoPrice(askPrice, askSize)
    fillQuote(quote, { bidPrice: noBid ? undefined : bidPrice, bidSize, askPrice: noAsk ? undefined : askPrice, askSize })
    return quote
  }
  const { eventTsUs, price = Number.NaN, size, venue, conditions } = message
  return {
    kind: 'trade',
    seq: 0,
    tsUs: 0,
    instrument,
    eventTsUs,
    price,
    size,
    source: 'tick-by-tick',
    venue,
    conditions,
    delayed: delayed || undefined,
    verdict: undefined,
  }
}

type Sides = Pick<Quote, 'bidPrice' | 'bidSize' | 'askPrice' | 'askSize'>

/** A side without a price has no size of 0 either. */
function fillQuote(quote: Quote, { bidPrice, bidSize, askPrice, askSize }: Sides): void {
  quote.bidPrice = bidPrice
  quote.bidSize = bidPrice === undefined && !bidSize ? undefined : bidSize
  quote.askPrice = askPrice
  quote.askSize = askPrice === undefined && !askSize ? undefined : askSize
}

/**
 * IB says "no bid" as price -1 with size 0. A price of -1 with a size is a price: some indices and spreads have it. Only the size inside
 * the message decides: one that follows by itself makes no price of what was none.
 */
function isNoPrice(price: number | undefined, size: number | undefined): boolean {
  return price === undefined || (price === -1 && !size)
}

/** False when there was no trade yet. */
function fillTrade(trade: Trade, { lastPrice, lastSize, lastTime }: Line['fields']): boolean {
  if (lastPrice === undefined || isNoPrice(lastPrice, lastSize)) return false
  trade.price = lastPrice
  trade.size = lastSize
  trade.eventTsUs = lastTime === undefined ? undefined : lastTime * 1_000_000
  return true
}

/** What a message says that is no field of a quote or a sampled trade; undefined when its type is not mapped. */
function ticksOf(instrument: number, tickType: number, message: FieldMessage, delayed: boolean): Tick[] | undefined {
  const base = { seq: 0, tsUs: 0, instrument, delayed: delayed || undefined }
  if (message.type === 'greeks') {
    const basis = GREEKS_BASIS[tickType]
    if (!basis) return undefined
    const { impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice } = message
    return [{ kind: 'greeks', ...base, basis, impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice }]
  }
  if (message.type === 'text' && tickType === RT_VOLUME) return realTimeVolume(base, message.text)
  const name = STATISTICS[tickType]
  if (!name) return undefined
  switch (message.type) {
    case 'price':
      // No such price: -1 without a size that says otherwise (IB's size of 0 is usual on day figures).
      return [{ kind: 'statistic', ...base, name, value: message.price === -1 ? undefined : message.price }]
    case 'size':
      return [{ kind: 'statistic', ...base, name, value: message.size }]
    case 'generic':
      return [{ kind: 'statistic', ...base, name, value: message.value }]
    case 'text':
      return [{ kind: 'statistic', ...base, name, text: message.text }]
  }
}

/** RTVolume: `price;size;time in ms;day volume;VWAP;single trade`. Price and size are empty when only the totals moved. */
function realTimeVolume(base: Pick<Tick, 'seq' | 'tsUs' | 'instrument' | 'delayed'>, text: string): Tick[] {
  const [price, size, timeMs, volume, vwap] = text.split(';').map((part) => (part === '' ? undefined : Number(part)))
  const eventTsUs = finite(timeMs) === undefined ? undefined : Math.round((timeMs as number) * 1000)
  const ticks: Tick[] = []
  if (finite(price) !== undefined)
    ticks.push({ kind: 'trade', ...base, eventTsUs, price: price as number, size: finite(size), source: 'rt-volume' })
  if (finite(volume) !== undefined) ticks.push({ kind: 'statistic', ...base, eventTsUs, name: 'rt-day-volume', value: volume })
  if (finite(vwap) !== undefined) ticks.push({ kind: 'statistic', ...base, eventTsUs, name: 'rt-vwap', value: vwap })
  // Nothing readable: kept as it came rather than lost.
  if (ticks.length === 0) ticks.push({ kind: 'statistic', ...base, name: 'rt-volume', text })
  return ticks
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined
}
