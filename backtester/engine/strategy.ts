/** What a strategy is, and what it sees: the market up to now, its account, its orders. There is no way to the future from here. */

import type { z } from 'zod'

import type { EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { ArbitrageSettings } from '../../market/arbitrage/settings.ts'
import type { Bar } from '../../market/bar.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import type { INDICATORS } from '../../market/indicators/index.ts'
import type { InstrumentState } from '../../market/state/instrument-state.ts'
import type { Quote, Trade } from '../../market/tick.ts'
import type { CorporateAction } from './actions.ts'
import type { AccountEvent } from './events.ts'
import type { ComboRequest, Order, OrderRequest } from './orders.ts'
import type { Position } from './portfolio.ts'

export interface Strategy<Params = unknown> {
  name: string
  /** Stored with each run: give another one when the behaviour changes. */
  version: string
  /** What it accepts, with defaults. */
  params: z.ZodType<Params>
  /** What the detectors of arbitrage look for where the strategy has `onOpportunity`. Absent: what the settings say. */
  arbitrage?(settings: ArbitrageSettings, params: Params): ArbitrageSettings
  create(context: StrategyContext, params: Params): StrategyHandlers
}

/**
 * Each is called when its event reaches the strategy; what is left out costs nothing. What they are given is a copy: to change it changes nothing.
 */
export interface StrategyHandlers {
  onQuote?(quote: Quote): void
  onTrade?(trade: Trade): void
  /** Once the bar is over. */
  onBar?(bar: Bar, instrument: number): void
  onFill?(fill: Fill): void
  /** An option of a chain, or its underlying, has another quote. @param underlying its number @param expiry undefined: of the underlying */
  onChain?(underlying: number, expiry: string | undefined): void
  /** A detector of arbitrage opened, changed or closed an episode. */
  onOpportunity?(event: EpisodeEvent, episode: Episode): void
  /** A timer that was given a name is due. */
  onTimer?(name: string): void
  /** The session of a day opens or closes, by the calendar. @param date `YYYY-MM-DD` at the exchange */
  onSession?(event: 'open' | 'close', date: string): void
  /** A dividend, split or delisting counts from now on, whether anything is held or not. */
  onAction?(action: CorporateAction): void
  /** Something changed the account that no order did. */
  onAccount?(event: AccountEvent): void
}

/** An option with its quote, as it stood in the chain. Absent: that side is empty. */
export interface OptionQuote extends Pick<OptionContract, 'expiry' | 'strike' | 'right' | 'multiplier' | 'tradingClass'> {
  instrument: number
  bidPrice?: number | undefined
  askPrice?: number | undefined
  bidSize?: number | undefined
  askSize?: number | undefined
  /** Of the quote. */
  tsUs?: number | undefined
}

/** Part of an order that was traded. */
export interface Fill {
  orderId: number
  instrument: number
  side: 'buy' | 'sell'
  quantity: number
  /** Per unit. */
  price: number
  /** In the currency of the account. */
  commission: number
  /** What closing realised, before the commission; 0 for what opened. */
  realised: number
  tsUs: number
  isTaker: boolean
}

export interface StrategyContext {
  clock: {
    /** Now, on the tape. */
    readonly nowUs: number
    /** True before the range of the run, where orders are rejected and data only warms indicators. */
    readonly warmsUp: boolean
  }
  market: {
    /** What has reached the strategy of an instrument; undefined before the first record of it. */
    of(instrument: number): InstrumentState | undefined
    contract(instrument: number): Contract | undefined
    /** The universe: what records have named up to now. */
    instruments(): Iterable<Contract & { instrument: number }>
    /** The options on an underlying that have not expired, by expiry and strike; of one expiry when it is given. */
    chain(underlying: number, expiry?: string): readonly OptionQuote[]
    /** Expiries of its options, rising. */
    expiries(underlying: number): readonly string[]
  }
  portfolio: {
    /** Cash and equity in the currency of the account. */
    readonly cash: number
    readonly equity: number
    /** Units held; negative: short. */
    quantity(instrument: number): number
    positions(): Iterable<Position>
  }
  orders: {
    /**
     * Returns the order's number. What the account cannot bear, or nobody could trade, ends it as rejected, and the strategy goes on.
     *
     * @throws StrategyError for what is no order, as a quantity of NaN, or is on an instrument that no record has named: the run ends with it
     */
    submit(request: OrderRequest): number
    /** False when it has ended already. */
    cancel(id: number): boolean
    find(id: number): Readonly<Order> | undefined
    open(): Iterable<Readonly<Order>>
    /** Several trades as one: all legs at once at what is shown of each, or nothing. Returns the numbers of the legs' orders. */
    submitCombo(request: ComboRequest): readonly number[]
    /** Exercises options that are held, with tonight's cut-off. Returns why that cannot be, if so. */
    exercise(instrument: number, quantity: number): string | undefined
    /** Lets an option expire even if it is in the money. */
    lapse(instrument: number): void
  }
  timers: {
    /** Runs once, at a time of the tape to come; a name goes to `onTimer`. */
    at(tsUs: number, run: (() => void) | string): void
    after(ms: number, run: (() => void) | string): void
  }
  indicators: typeof INDICATORS
  /** For the run's log. */
  log(message: string, details?: Record<string, unknown>): void
}
