/**
 * The market data of one contract as the wire says it: best bid and ask, and what there is beside them. An empty side is price -1
 * with size 0, as IB sends it. NaN: not known, nothing sent.
 */

import type { Greeks, Statistic, Trade } from '../../../market/tick.ts'
import type { BarLine } from './bar-line.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import { type Facet, Figure, LastTrade, OptionValues, RtVolume } from './served-fields.ts'
import type { Line } from './line.ts'
import type { ModelValues } from './computed-greeks.ts'
import type { TickLine } from './tick-line.ts'
import { FIGURE_TYPES } from '../protocol/tick-types.ts'

export const EMPTY_PRICE = -1

/** Best bid and ask. */
export class QuoteState {
  bidPrice = Number.NaN
  bidSize = Number.NaN
  askPrice = Number.NaN
  askSize = Number.NaN

  get isTwoSided(): boolean {
    return this.bidPrice > 0 && this.askPrice > 0
  }

  /** Takes a quote whose absent fields are NaN. False when nothing changed. */
  update(bidPrice: number, askPrice: number, bidSize: number, askSize: number): boolean {
    const hasBid = Number.isFinite(bidPrice)
    const hasAsk = Number.isFinite(askPrice)
    const bid = hasBid ? bidPrice : EMPTY_PRICE
    const ask = hasAsk ? askPrice : EMPTY_PRICE
    const bidUnits = hasBid && Number.isFinite(bidSize) ? bidSize : 0
    const askUnits = hasAsk && Number.isFinite(askSize) ? askSize : 0
    if (bid === this.bidPrice && ask === this.askPrice && bidUnits === this.bidSize && askUnits === this.askSize) return false
    this.bidPrice = bid
    this.askPrice = ask
    this.bidSize = bidUnits
    this.askSize = askUnits
    return true
  }
}

export class Book extends QuoteState {
  /** Market-data lines. */
  readonly lines: Line[] = []
  readonly tickLines: TickLine[] = []
  /** Bars that are kept up to date. */
  readonly barLines: BarLine[] = []
  /** The quote of tick-by-tick data; this book itself unless the tape has both. */
  ticks: QuoteState = this
  /** What the tape says of its latest tick of market data. */
  isDelayed = false
  readonly listed: ListedContract
  /** What goes out ahead of the quote, in this order, once it has a value. */
  readonly facets: Facet[] = []
  /** What goes out behind it. */
  readonly optionValues: Facet[] = []
  /** Computes option values where the tape has none. */
  model: ModelValues | undefined
  /** Changes of the facets so far. */
  changeNo = 0
  #lastTrade: LastTrade | undefined
  #rtVolume: RtVolume | undefined
  readonly #figures = new Map<string, Figure>()
  readonly #greeks = new Map<Greeks['basis'], OptionValues>()

  constructor(listed: ListedContract) {
    super()
    this.listed = listed
  }

  get isKnown(): boolean {
    return !Number.isNaN(this.bidPrice) || this.changeNo > 0
  }

  updateLastTrade(trade: Trade): Facet {
    this.#lastTrade ??= this.#add(new LastTrade())
    this.#lastTrade.update(trade)
    return this.#lastTrade
  }

  updateRtVolume(trade: Trade): Facet {
    this.#rtVolume ??= this.#add(new RtVolume())
    this.#rtVolume.update(trade)
    return this.#rtVolume
  }

  /** The day's volume as the sum of its trades, for a tape that has every trade. */
  addVolume(size: number): Facet | undefined {
    return this.updateFigure({ name: 'day-volume', value: (this.#figures.get('day-volume')?.value ?? 0) + size })
  }

  /** False when IB has no message for the figure. Those of RTVolume go out with its next trade. */
  canTell({ name, value }: Statistic): boolean {
    if (name === 'rt-day-volume' && this.#rtVolume && value !== undefined) this.#rtVolume.volume = value
    if (name === 'rt-vwap' && this.#rtVolume && value !== undefined) this.#rtVolume.vwap = value
    return FIGURE_TYPES.has(name)
  }

  /** Undefined when nothing changed. */
  updateFigure({ name, value, text }: Pick<Statistic, 'name' | 'value' | 'text'>): Facet | undefined {
    const type = FIGURE_TYPES.get(name)
    if (!type) return undefined
    const figure = this.#figures.get(name) ?? new Figure(type)
    if (!figure.update({ value, text })) return undefined
    if (figure.changeNo === 0) {
      this.#figures.set(name, figure)
      this.facets.push(figure)
    }
    return figure
  }

  updateGreeks(greeks: Greeks): Facet {
    let values = this.#greeks.get(greeks.basis)
    if (!values) {
      values = new OptionValues(greeks)
      this.#greeks.set(greeks.basis, values)
      this.optionValues.push(values)
    }
    values.update(greeks)
    return values
  }

  #add<T extends Facet>(facet: T): T {
    this.facets.unshift(facet)
    return facet
  }
}
