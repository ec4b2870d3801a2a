/**
 * The market data of one contract as the gateway serves it. What is known stands in the state of the market; a book only says which of it
 * is served, in which order, and numbers the changes so that each line knows what is new to it.
 */

import type { InstrumentState } from '../../../market/state/instrument-state.ts'
import type { Greeks, Quote, Statistic, TradeSource } from '../../../market/tick.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { FigureType } from '../protocol/tick-types.ts'
import type { ComputedGreeks } from './computed-greeks.ts'
import { DayFigures } from './day-figures.ts'
import { Figure, LastTrade, OptionValues, RtVolume, type ServedField } from './served-fields.ts'

export class Book {
  readonly listed: ListedContract
  /** Undefined until the first tick. */
  state: InstrumentState | undefined = undefined
  /** The tape has sampled and tick-by-tick quotes: each kind of line gets its own. */
  isDoublyQuoted = false
  /** What the tape's first tick says. */
  beginsDelayed = false
  /** What goes out ahead of the quote, in this order, once it has a value. */
  readonly fields: ServedField[] = []
  /** What goes out behind it. */
  readonly optionValues: ServedField[] = []
  /** Gathers the figures of the day, where the tape has every trade. */
  readonly day: DayFigures
  /** Computes option values where the tape has none. */
  computedGreeks: ComputedGreeks | undefined = undefined
  /** Changes of the served fields so far. */
  changeNo = 0
  #lastTrade: LastTrade | undefined
  #rtVolume: RtVolume | undefined
  readonly #figures = new Map<string, Figure>()
  readonly #greeks = new Map<Greeks['basis'], OptionValues>()

  constructor(listed: ListedContract) {
    this.listed = listed
    this.day = new DayFigures(listed.hours)
  }

  /** The quote of market data. */
  get quote(): Quote | undefined {
    const { state } = this
    if (state === undefined) return undefined
    return this.isDoublyQuoted ? state.quote : (state.quote ?? state.tickByTickQuote)
  }

  /** The quote of tick-by-tick data. */
  get tickByTickQuote(): Quote | undefined {
    return this.isDoublyQuoted ? this.state?.tickByTickQuote : this.quote
  }

  /** What the tape says of its latest tick of market data. */
  get isDelayed(): boolean {
    return this.state === undefined ? this.beginsDelayed : this.state.isDelayed
  }

  /** The latest tick of market data is of those that stood when the market closed. */
  get isFrozen(): boolean {
    return this.state?.isFrozen === true
  }

  get isKnown(): boolean {
    return this.quote !== undefined || this.changeNo > 0
  }

  lastTrade(state: InstrumentState, source: TradeSource | undefined): ServedField {
    this.#lastTrade ??= this.#addFirst(new LastTrade(state, source))
    return this.#lastTrade
  }

  rtVolume(state: InstrumentState, source: TradeSource | undefined): RtVolume {
    this.#rtVolume ??= this.#addFirst(new RtVolume(state, source))
    return this.#rtVolume
  }

  /** The tape's own totals of RTVolume. */
  correctRtVolume(statistic: Statistic): void {
    this.#rtVolume?.correct(statistic)
  }

  figure(state: InstrumentState, name: string, type: FigureType): ServedField {
    let figure = this.#figures.get(name)
    if (!figure) {
      figure = new Figure(state, name, type)
      this.#figures.set(name, figure)
      this.fields.push(figure)
    }
    return figure
  }

  greeks(state: InstrumentState, basis: Greeks['basis']): ServedField {
    let values = this.#greeks.get(basis)
    if (!values) {
      values = new OptionValues(state, basis)
      this.#greeks.set(basis, values)
      this.optionValues.push(values)
    }
    return values
  }

  #addFirst<T extends ServedField>(field: T): T {
    this.fields.unshift(field)
    return field
  }
}
