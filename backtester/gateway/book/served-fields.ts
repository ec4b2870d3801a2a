/**
 * The served fields of a contract: what its market data says beside the quote. Each reads the latest record of its kind from the state
 * of the market and goes out whole whenever that changed: the last trade, RTVolume, a figure of the day, the option values of one basis.
 */

import { isMarked, Mark } from '../../../market/marks.ts'
import type { InstrumentState } from '../../../market/state/instrument-state.ts'
import type { Greeks, Statistic, Tick, Trade, TradeSource } from '../../../market/tick.ts'
import * as messages from '../protocol/messages.ts'
import { type FigureType, GREEKS_TYPES, RT_VOLUME_GENERIC, TickType, wireType } from '../protocol/tick-types.ts'
import type { FrameWriter } from '../protocol/wire.ts'
import { priceMask } from './price-mask.ts'
import { tradeMask } from './tick-masks.ts'

const US_PER_SECOND = 1_000_000
const US_PER_MS = 1000

interface Times {
  tsUs: number
  eventTsUs?: number | undefined
}

export interface ServedField {
  /** The generic tick that asks for it; undefined: every line gets it. */
  readonly generic: number | undefined
  /** Rows that a recorder makes of it. */
  readonly ticks: number
  /** Number of its book's change that brought its latest state. */
  changeNo: number
  /** Its latest state is a first value of the tape: what stood when it was asked for. */
  readonly isInitial: boolean
  /** Returns how many messages it wrote. */
  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number
}

/** Time of the trade, then price and size. A trade equal to the one before is sent again, which IB does not always do. */
export class LastTrade implements ServedField {
  readonly generic = undefined
  readonly ticks = 1
  changeNo = 0
  readonly #state: InstrumentState
  readonly #source: TradeSource | undefined

  /** `source`: the source whose trades are sent; undefined: any. */
  constructor(state: InstrumentState, source: TradeSource | undefined) {
    this.#state = state
    this.#source = source
  }

  get isInitial(): boolean {
    return isInitial(latestTrade(this.#state, this.#source))
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    const trade = latestTrade(this.#state, this.#source)
    if (!trade) return 0
    const mask = priceMask(trade.marks, Mark.pastLimit)
    messages.writeTickString(writer, reqId, wireType(TickType.lastTimestamp, isDelayed), String(secondsOf(trade)))
    messages.writeTickPrice(writer, reqId, wireType(TickType.last, isDelayed), trade.price, trade.size ?? 0, mask)
    return 2
  }
}

/** Last trade with the day's volume and average price: the tape's own where it has them, else summed over its trades. */
export class RtVolume implements ServedField {
  readonly generic = RT_VOLUME_GENERIC
  /** The trade, the day's volume and its average price. */
  readonly ticks = 3
  changeNo = 0
  /** Shares or contracts of the day. */
  #volume = 0
  /** Average price of the day, weighted by size. */
  #vwap = 0
  readonly #state: InstrumentState
  readonly #source: TradeSource | undefined

  constructor(state: InstrumentState, source: TradeSource | undefined) {
    this.#state = state
    this.#source = source
  }

  add({ size = 0, price }: Trade): void {
    if (size > 0) this.#vwap = (this.#vwap * this.#volume + price * size) / (this.#volume + size)
    this.#volume += size
  }

  /** Takes the tape's own totals, which go out with the next trade. */
  correct({ name, value }: Statistic): void {
    if (name === 'rt-day-volume' && value !== undefined) this.#volume = value
    if (name === 'rt-vwap' && value !== undefined) this.#vwap = value
  }

  get isInitial(): boolean {
    return isInitial(latestTrade(this.#state, this.#source))
  }

  write(writer: FrameWriter, reqId: number): number {
    const trade = latestTrade(this.#state, this.#source)
    if (!trade) return 0
    // The last field says that one market maker filled the trade, which no tape knows.
    const ms = Math.floor(timeOf(trade) / US_PER_MS)
    const text = [trade.price, trade.size ?? 0, ms, this.#volume, this.#vwap, 'true'].join(';')
    messages.writeTickString(writer, reqId, TickType.rtVolume, text)
    return 1
  }
}

/** One statistic of the tape. */
export class Figure implements ServedField {
  readonly generic: number | undefined
  readonly ticks = 1
  changeNo = 0
  readonly #state: InstrumentState
  readonly #name: string
  readonly #as: FigureType

  constructor(state: InstrumentState, name: string, as: FigureType) {
    this.#state = state
    this.#name = name
    this.#as = as
    this.generic = as.generic
  }

  get isInitial(): boolean {
    return isInitial(this.#state.statistics.get(this.#name))
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    const statistic = this.#state.statistics.get(this.#name)
    const type = wireType(this.#as.type, isDelayed)
    const [value, size, mask] = [statistic?.value ?? -1, 0, priceMask(statistic?.marks, Mark.pastLimit)]
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
        messages.writeTickString(writer, reqId, type, statistic?.text ?? '')
    }
    return 1
  }
}

/** False when a message of this form cannot say the figure: it is no number, or a text where a number belongs. */
export function canSay({ form }: FigureType, { value, text }: Statistic): boolean {
  if (value !== undefined && !Number.isFinite(value)) return false
  return form === 'text' ? text !== undefined : value !== undefined || form === 'price'
}

/** The option values of one basis. */
export class OptionValues implements ServedField {
  readonly generic = undefined
  readonly ticks = 1
  changeNo = 0
  readonly #state: InstrumentState
  readonly #basis: Greeks['basis']

  constructor(state: InstrumentState, basis: Greeks['basis']) {
    this.#state = state
    this.#basis = basis
  }

  get isInitial(): boolean {
    return isInitial(this.#state.greeksOf(this.#basis))
  }

  write(writer: FrameWriter, reqId: number, isDelayed: boolean): number {
    const greeks = this.#state.greeksOf(this.#basis)
    if (!greeks) return 0
    messages.writeOptionComputation(writer, reqId, wireType(GREEKS_TYPES[this.#basis], isDelayed), greeks)
    return 1
  }
}

function isInitial(tick: Tick | undefined): boolean {
  return tick !== undefined && isMarked(tick, Mark.initial)
}

function latestTrade(state: InstrumentState, source: TradeSource | undefined): Trade | undefined {
  return source === undefined ? state.lastTrade : state.tradeOf(source)
}

/** The venue's time where the tape has it, else the tape's own. */
function timeOf({ tsUs, eventTsUs }: Times): number {
  return eventTsUs !== undefined && Number.isFinite(eventTsUs) ? eventTsUs : tsUs
}

/** As `timeOf`, in whole seconds as IB gives it. */
export function secondsOf(times: Times): number {
  return Math.floor(timeOf(times) / US_PER_SECOND)
}

/** A trade as tick-by-tick data and history have it. */
export function tradeFields(trade: Trade): messages.TradeFields {
  const { price, size = 0, venue = '', conditions = '' } = trade
  return { price, size, mask: tradeMask(trade), venue, conditions }
}
