/**
 * The quotes of option chains, strike by strike in typed arrays, for whoever compares options with each other. Fed with the records of a
 * stream, like MarketState; one chain holds the options of one underlying, expiry, trading class and multiplier (a deliverable of its own
 * has a multiplier or a class of its own). It has room for the instruments that records named, and no more; what has expired leaves.
 *
 * Only the sampled quotes count, and of those only what can be traded on now: a quarantined quote changes nothing, and a line that was
 * closed, or a session that lost its data, leaves no quote standing. `session started` begins anew.
 */

import { nyse } from '../calendar/calendar.ts'
import type { Contract, OptionContract } from '../contract.ts'
import { exerciseStyleOf } from '../option/bounds.ts'
import type { Quote, TapeRecord, Trade } from '../tick.ts'
import { Chain, type Leg } from './chain.ts'
import type { MarketState } from './market-state.ts'
import { UnderlyingBook } from './underlying-book.ts'

/** No market is recorded behind the year 2200, nor ahead of 1970. */
const LAST_DAY_US = Date.UTC(2200, 0) * 1000

/** What options are written on, with its chains. */
class Underlying extends UnderlyingBook {
  /** By expiry; of one expiry, in the order in which they were first named. */
  readonly chains: Chain[] = []

  /** The chain of an option; a new one, with that slot, if need be. */
  chainFor(contract: OptionContract, slot: number): Chain {
    const { expiry, tradingClass, multiplier } = contract
    const known = this.chains.find((c) => c.expiry === expiry && c.tradingClass === tradingClass && c.multiplier === multiplier)
    if (known) return known
    const chain = new Chain(slot, this, { expiry, tradingClass, multiplier, style: exerciseStyleOf(contract) })
    const later = this.chains.findIndex((c) => c.expiry > expiry)
    this.chains.splice(later < 0 ? this.chains.length : later, 0, chain)
    this.#link()
    return chain
  }

  /** Returns what has left: the chains that expired before that day. */
  dropBefore(date: string): Chain[] {
    const expired = this.chains.filter(({ expiry }) => expiry < date)
    this.chains.splice(0, expired.length)
    if (expired.length > 0) this.#link()
    return expired
  }

  #link(): void {
    const latest = new Map<string, Chain>()
    for (const chain of this.chains) {
      const key = `${chain.tradingClass} ${chain.multiplier}`
      chain.earlier = latest.get(key)
      chain.later = undefined
      if (chain.earlier) chain.earlier.later = chain
      latest.set(key, chain)
    }
  }
}

export class ChainState {
  readonly #underlyings = new Map<string, Underlying>()
  readonly #legs = new Map<number, Leg>()
  readonly #byInstrument = new Map<number, Underlying>()
  #slots = 0
  /** In New York, `YYYY-MM-DD`, and when it ends. */
  #today = ''
  #todayEndsUs = Number.NEGATIVE_INFINITY

  /** Begins with what stands: for who joins a stream behind its first records. */
  static joining(market: MarketState): ChainState {
    const state = new ChainState()
    if (market.lastRecordUs !== undefined) state.#beginDay(market.lastRecordUs)
    for (const { instrument, contract } of market.instruments()) if (contract) state.#name(instrument, contract)
    // Underlyings first, so that it is known where they stood.
    for (const isUnderlying of [true, false])
      for (const known of market.instruments()) {
        if (state.#byInstrument.has(known.instrument) !== isUnderlying || known.line()?.isOpen === false) continue
        if (known.quote) state.#takeQuote(known.quote)
        if (known.lastTrade) state.#takeTrade(known.lastTrade)
      }
    return state
  }

  /** The date in New York of the latest record; empty before the first one. */
  get today(): string {
    return this.#today
  }

  /** Where an option stands. Undefined for what is no option, has expired or was never named. */
  legOf(instrument: number): Leg | undefined {
    return this.#legs.get(instrument)
  }

  /** The state of an instrument as an underlying of options. Undefined for options, and for what was never named. */
  underlyingOf(instrument: number): UnderlyingBook | undefined {
    return this.#byInstrument.get(instrument)
  }

  /** The chains of an underlying, by expiry. Empty for what is none. */
  chainsOf(instrument: number): readonly Chain[] {
    return this.#byInstrument.get(instrument)?.chains ?? []
  }

  /** All chains, by underlying and expiry. */
  *chains(): Iterable<Chain> {
    for (const { chains } of this.#underlyings.values()) yield* chains
  }

  /** How many options it holds. */
  get size(): number {
    return this.#legs.size
  }

  apply(record: TapeRecord): void {
    if (record.tsUs >= this.#todayEndsUs) this.#beginDay(record.tsUs)
    switch (record.kind) {
      case 'quote':
        if (record.source !== undefined) return
        if (record.verdict?.disposition === 'quarantine') this.#legs.get(record.instrument)?.refuse(record.tsUs)
        else this.#takeQuote(record)
        return
      case 'trade':
        if (record.verdict?.disposition !== 'quarantine') this.#takeTrade(record)
        return
      case 'contract':
        this.#name(record.instrument, record.contract)
        return
      case 'line':
        if (record.event === 'closed' && record.feed === undefined) this.#forgetQuote(record.instrument)
        return
      case 'session':
        if (record.event === 'started') this.#clear()
        else if (record.event === 'interrupted') this.#forgetQuotes()
        return
      case 'greeks':
      case 'statistic':
      case 'gap':
      case 'config':
      case 'carry':
    }
  }

  #takeQuote(quote: Quote): void {
    const leg = this.#legs.get(quote.instrument)
    if (leg !== undefined) {
      leg.take(quote)
      return
    }
    const underlying = this.#byInstrument.get(quote.instrument)
    if (underlying === undefined || underlying.isIndex) return
    underlying.bidPrice = quote.bidPrice ?? Number.NaN
    underlying.askPrice = quote.askPrice ?? Number.NaN
    underlying.timeUs = quote.tsUs
  }

  #takeTrade({ instrument, price, tsUs }: Trade): void {
    const underlying = this.#byInstrument.get(instrument)
    if (underlying === undefined || !underlying.isIndex) return
    underlying.bidPrice = price
    underlying.askPrice = price
    underlying.timeUs = tsUs
  }

  #name(instrument: number, contract: Contract): void {
    if (contract.kind === 'option') {
      const known = this.#legs.get(instrument)
      if (known?.is(contract)) return
      this.#leave(instrument)
      if (contract.expiry < this.#today) return
      const chain = this.#underlying(contract).chainFor(contract, this.#slots)
      if (chain.slot === this.#slots) this.#slots++
      this.#legs.set(instrument, chain.add(instrument, contract))
    } else if (contract.kind === 'stock' || contract.kind === 'index') {
      const underlying = this.#underlying(contract)
      if (this.#byInstrument.get(instrument) === underlying) return
      this.#leave(instrument)
      underlying.instrument = instrument
      underlying.isIndex = contract.kind === 'index'
      this.#byInstrument.set(instrument, underlying)
    }
  }

  /** What stood under a number that now stands for another contract. */
  #leave(instrument: number): void {
    const leg = this.#legs.get(instrument)
    leg?.forgetQuote()
    if (leg?.side.instruments[leg.index] === instrument) leg.side.instruments[leg.index] = -1
    this.#legs.delete(instrument)
    this.#byInstrument.get(instrument)?.forgetQuote()
    this.#byInstrument.delete(instrument)
  }

  #underlying({ symbol, currency }: Contract): Underlying {
    const key = `${symbol}:${currency}`
    let underlying = this.#underlyings.get(key)
    if (underlying === undefined) {
      underlying = new Underlying(symbol, currency)
      this.#underlyings.set(key, underlying)
    }
    return underlying
  }

  #forgetQuote(instrument: number): void {
    this.#legs.get(instrument)?.forgetQuote()
    this.#byInstrument.get(instrument)?.forgetQuote()
  }

  #forgetQuotes(): void {
    for (const leg of this.#legs.values()) leg.forgetQuote()
    for (const underlying of this.#underlyings.values()) underlying.forgetQuote()
  }

  #clear(): void {
    this.#underlyings.clear()
    this.#legs.clear()
    this.#byInstrument.clear()
  }

  /** A time that no calendar knows, as a damaged tape may have, begins none. */
  #beginDay(tsUs: number): void {
    if (!Number.isSafeInteger(tsUs) || tsUs < 0 || tsUs >= LAST_DAY_US) return
    this.#today = nyse.zone.dateOf(tsUs)
    this.#todayEndsUs = nyse.zone.toUs(this.#today, 86_400_000)
    for (const underlying of this.#underlyings.values())
      for (const chain of underlying.dropBefore(this.#today))
        for (const leg of chain.legs) if (this.#legs.get(leg.instrument) === leg) this.#legs.delete(leg.instrument)
  }
}
