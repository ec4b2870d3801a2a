/**
 * Makes whole ticks of a line's field messages. IB sends bid, ask, last and their sizes one by one and marks no end.
 *
 * At most one group is open: the fields of one line that arrived together. It closes, and its ticks go out in the order in which
 * they began, when another line's message or any other message follows, when the same price comes again (or the same size with
 * another value), or after 5 ms of silence. Until then nothing of it is shown, so a half-updated quote never looks crossed.
 * Socket reads play no part. A gateway that publishes its time marks the end of every group with it; then silence says nothing,
 * and a gateway that is held up in the middle of a quote does not split it.
 */

import type { Quote, Tick, Trade, Verdict } from '../../market/tick.ts'
import type { LineMessage } from './messages.ts'
import { GREEKS_BASIS, GROUP_FIELDS, type GroupField, RT_VOLUME, STATISTICS } from './tick-types.ts'

/** Silence after which a group is over, when the gateway marks no end. */
export const SILENCE_MS = 5

interface Line {
  instrument: number
  /** The latest value of every field; IB repeats nothing that did not change. */
  fields: Partial<Record<GroupField, number | undefined>>
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
  /** A whole tick; seq, tsUs and verdict are still to be set. */
  onTick: (tick: Tick, arrivalUs: number) => void
  /** A message of a line that is not open (any more). */
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
  readonly #options: AssemblerOptions
  readonly #lines = new Map<number, Line>()
  readonly #silenceMs: number
  #group: Group | undefined

  constructor(options: AssemblerOptions) {
    this.#options = options
    this.#silenceMs = options.silenceMs ?? SILENCE_MS
  }

  openLine(reqId: number, instrument: number): void {
    this.#lines.set(reqId, { instrument, fields: {} })
  }

  closeLine(reqId: number): void {
    this.closeGroup()
    this.#lines.delete(reqId)
  }

  take(message: LineMessage): void {
    const line = this.#lines.get(message.reqId)
    if (this.#group && this.#group.line !== line) this.closeGroup()
    if (!line) return this.#options.onUnknownLine(message.reqId)
    const field = GROUP_FIELDS[message.tickType]
    if (field) this.#takeField(line, field, message)
    else this.#takeWhole(line, message)
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
      this.#options.onTick(tick, arrivalUs)
    }
  }

  /** Milliseconds until the open group has been silent for long enough; undefined without one. */
  silentInMs(nowMs: number): number | undefined {
    return this.#group && this.#group.lastMessageMs + this.#silenceMs - nowMs
  }

  /** The feed ended while a group was open: whether its quote is whole cannot be known, so that it is kept out of the quotes. */
  abandonGroup(): void {
    for (const { tick } of this.#group?.entries ?? [])
      if (tick.kind === 'quote' || (tick.kind === 'trade' && tick.source === 'last')) tick.verdict = { ...UNFINISHED }
    this.closeGroup()
  }

  #takeField(line: Line, field: GroupField, message: LineMessage): void {
    const value = fieldValue(message)
    const isSize = message.type === 'size'
    if (this.#group?.seen.has(field) && (!isSize || line.fields[field] !== value)) this.closeGroup()
    this.#group ??= { line, entries: [], quote: false, trade: false, seen: new Set(), lastMessageMs: message.arrivalMs }
    const group = this.#group
    group.seen.add(field)
    const arrivalUs = this.#options.usAt(message.arrivalMs)
    if (field === 'lastPrice' || field === 'lastSize' || field === 'lastTime') {
      if (!group.trade) group.entries.push({ tick: emptyTrade(line.instrument), arrivalUs })
      group.trade = true
    } else {
      if (!group.quote) group.entries.push({ tick: emptyQuote(line.instrument), arrivalUs })
      group.quote = true
    }
    line.fields[field] = value
    if (message.type === 'price') {
      if (field === 'bidPrice') line.fields.bidSize = message.size
      else if (field === 'askPrice') line.fields.askSize = message.size
      else line.fields.lastSize = message.size
    }
  }

  /** A message that is a tick by itself. Inside an open group of its line it waits its turn. */
  #takeWhole({ instrument }: Line, message: LineMessage): void {
    const arrivalUs = this.#options.usAt(message.arrivalMs)
    const ticks = wholeTicks(instrument, message)
    if (!ticks) return this.#options.onUnknownType(message.tickType)
    for (const tick of ticks) {
      if (this.#group) this.#group.entries.push({ tick, arrivalUs })
      else this.#options.onTick(tick, arrivalUs)
    }
  }
}

function fieldValue(message: LineMessage): number | undefined {
  switch (message.type) {
    case 'price':
      return message.price
    case 'size':
      return message.size
    case 'text':
      return Number.parseInt(message.text, 10) || undefined
    default:
      return undefined
  }
}

function emptyQuote(instrument: number): Quote {
  return { kind: 'quote', seq: 0, tsUs: 0, instrument }
}

function emptyTrade(instrument: number): Trade {
  return { kind: 'trade', seq: 0, tsUs: 0, instrument, price: Number.NaN, source: 'last' }
}

function fillQuote(quote: Quote, { bidPrice, bidSize, askPrice, askSize }: Line['fields']): void {
  // IB says "no bid" as price -1 with size 0. A price of -1 with a size is a price: some indices and spreads have it.
  const noBid = bidPrice === undefined || (bidPrice === -1 && !bidSize)
  const noAsk = askPrice === undefined || (askPrice === -1 && !askSize)
  quote.bidPrice = noBid ? undefined : bidPrice
  quote.bidSize = noBid && !bidSize ? undefined : bidSize
  quote.askPrice = noAsk ? undefined : askPrice
  quote.askSize = noAsk && !askSize ? undefined : askSize
}

/** False when there was no trade yet. */
function fillTrade(trade: Trade, { lastPrice, lastSize, lastTime }: Line['fields']): boolean {
  if (lastPrice === undefined || (lastPrice === -1 && !lastSize)) return false
  trade.price = lastPrice
  trade.size = lastSize
  trade.eventTsUs = lastTime === undefined ? undefined : lastTime * 1_000_000
  return true
}

function wholeTicks(instrument: number, message: LineMessage): Tick[] | undefined {
  const base = { seq: 0, tsUs: 0, instrument }
  if (message.type === 'greeks') {
    const basis = GREEKS_BASIS[message.tickType]
    if (!basis) return undefined
    const { impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice } = message
    return [{ kind: 'greeks', ...base, basis, impliedVolatility, delta, gamma, vega, theta, optionPrice, pvDividend, underlyingPrice }]
  }
  if (message.type === 'text' && message.tickType === RT_VOLUME) return realTimeVolume(base, message.text)
  const name = STATISTICS[message.tickType]
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
function realTimeVolume(base: { seq: number; tsUs: number; instrument: number }, text: string): Tick[] {
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
