/**
 * What a contract's market data says beside the quote: the last trade, RTVolume, figures of the day, option values. A facet is the
 * latest state of one of them as the wire says it; it goes out whole whenever it changed.
 */

import type { Greeks, Statistic, Trade } from '../../../market/tick.ts'
import * as messages from '../protocol/messages.ts'
import { type FigureType, GREEKS_TYPES, RT_VOLUME_GENERIC, TickType, wireType } from '../protocol/tick-types.ts'
import type { FrameWriter } from '../protocol/wire.ts'

const US_PER_SECOND = 1_000_000
const US_PER_MS = 1000
/** Sales of less than a round lot, which the tape of the exchanges does not count as last sale. */
const ODD_LOT = 'I'
const UNREPORTED = 2

interface Times {
  tsUs: number
  eventTsUs?: number | undefined
}

export interface Facet {
  /** The generic tick that asks for it; undefined: every line gets it. */
  readonly generic: number | undefined
  /** Rows that a recorder makes of it. */
  readonly ticks: number
  /** Number of its book's change that brought its latest state; 0: it has none yet. */
  changeNo: number
  /** Returns how many messages it wrote. */
  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number
}

/** Time of the trade, then price and size. A trade like the one before is told again, which IB does not always do. */
export class LastTrade implements Facet {
  readonly generic = undefined
  readonly ticks = 1
  changeNo = 0
  #seconds = 0
  #price = 0
  #size = 0

  update(trade: Trade): void {
    this.#seconds = secondsOf(trade)
    this.#price = trade.price
    this.#size = trade.size ?? 0
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    const mask = 0
    messages.writeTickString(writer, reqId, wireType(TickType.lastTimestamp, isDelayed), String(this.#seconds))
    messages.writeTickPrice(writer, reqId, wireType(TickType.last, isDelayed), this.#price, this.#size, mask)
    return 2
  }
}

/** Last trade with the day's volume and average price: the tape's own where it has them, else summed over its trades. */
export class RtVolume implements Facet {
  readonly generic = RT_VOLUME_GENERIC
  /** The trade, the day's volume and its average price. */
  readonly ticks = 3
  changeNo = 0
  /** Shares or contracts of the day. */
  volume = 0
  /** Average price of the day, weighted by size. */
  vwap = 0
  #price = 0
  #size = 0
  #ms = 0

  update(trade: Trade): void {
    const size = trade.size ?? 0
    if (size > 0) this.vwap = (this.vwap * this.volume + trade.price * size) / (this.volume + size)
    this.volume += size
    this.#price = trade.price
    this.#size = size
    this.#ms = Math.floor(timeOf(trade) / US_PER_MS)
  }

  write(writer: FrameWriter, reqId: number): number {
    // The last field says that one market maker filled the trade, which no tape knows.
    const text = [this.#price, this.#size, this.#ms, this.volume, this.vwap, 'true'].join(';')
    messages.writeTickString(writer, reqId, TickType.rtVolume, text)
    return 1
  }
}

/** One statistic of the tape. */
export class Figure implements Facet {
  readonly generic: number | undefined
  readonly ticks = 1
  changeNo = 0
  value: number | undefined
  #text: string | undefined
  readonly #as: FigureType

  constructor(as: FigureType) {
    this.#as = as
    this.generic = as.generic
  }

  /** False when there is nothing new, or no way to say it. */
  update({ value, text }: Pick<Statistic, 'value' | 'text'>): boolean {
    if (value !== undefined && !Number.isFinite(value)) return false
    const isSaid = this.#as.form === 'text' ? text !== undefined : value !== undefined || this.#as.form === 'price'
    if (!isSaid || (this.changeNo > 0 && value === this.value && text === this.#text)) return false
    this.value = value
    this.#text = text
    return true
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    const type = wireType(this.#as.type, isDelayed)
    const [value, size, mask] = [this.value ?? -1, 0, 0]
    switch (this.#as.form) {
      case 'price':
        messages.writeTickPrice(writer, reqId, type, value, size, mask)
        break
      case 'size':
        messages.writeTickSize(writer, reqId, type, value)
        break
      case 'generic':
        messages.writeTickGeneric(writer, reqId, type, value)
        break
      case 'text':
        messages.writeTickString(writer, reqId, type, this.#text ?? '')
    }
    return 1
  }
}

/** The option values of one basis. */
export class OptionValues implements Facet {
  readonly generic = undefined
  readonly ticks = 1
  changeNo = 0
  #greeks: Greeks
  readonly #type: number

  constructor(greeks: Greeks) {
    this.#greeks = greeks
    this.#type = GREEKS_TYPES[greeks.basis]
  }

  update(greeks: Greeks): void {
    this.#greeks = greeks
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    messages.writeOptionComputation(writer, reqId, wireType(this.#type, isDelayed), this.#greeks)
    return 1
  }
}

/** The venue's time where the tape has it, else the tape's own. */
function timeOf({ tsUs, eventTsUs }: Times): number {
  return eventTsUs !== undefined && Number.isFinite(eventTsUs) ? eventTsUs : tsUs
}

/** As `timeOf`, in whole seconds as IB gives it. */
export function secondsOf(times: Times): number {
  return Math.floor(timeOf(times) / US_PER_SECOND)
}

/** A trade as tick-by-tick data and history tell it. */
export function tradeFields({ price, size = 0, venue = '', conditions = '' }: Trade): messages.TradeFields {
  return { price, size, mask: conditions.includes(ODD_LOT) ? UNREPORTED : 0, venue, conditions }
}
