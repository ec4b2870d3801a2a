/** What a strategy is, and what it sees: the market up to now, its account, its orders. There is no way to the future from here. */

import type { z } from 'zod'

import type { Bar } from '../../market/bar.ts'
import type { Contract } from '../../market/contract.ts'
import type { INDICATORS } from '../../market/indicators/index.ts'
import type { InstrumentState } from '../../market/state/instrument-state.ts'
import type { Quote, Trade } from '../../market/tick.ts'
import type { Order, OrderRequest } from './orders.ts'
import type { Position } from './portfolio.ts'

export interface Strategy<Params = unknown> {
  name: string
  /** Stored with each run: give another one when the behaviour changes. */
  version: string
  /** What it accepts, with defaults. */
  params: z.ZodType<Params>
  create(context: StrategyContext, params: Params): StrategyHandlers
}

/** Each is called when its event reaches the strategy; what is left out costs nothing. */
export interface StrategyHandlers {
  onQuote?(quote: Quote): void
  onTrade?(trade: Trade): void
  /** Once the bar is over. */
  onBar?(bar: Bar, instrument: number): void
  onFill?(fill: Fill): void
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
  }
  market: {
    /** What has reached the strategy of an instrument; undefined before the first record of it. */
    of(instrument: number): InstrumentState | undefined
    contract(instrument: number): Contract | undefined
    instruments(): Iterable<Contract & { instrument: number }>
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
    /** Returns the order's number. What is wrong with it ends it as rejected; the strategy goes on. */
    submit(request: OrderRequest): number
    /** False when it has ended already. */
    cancel(id: number): boolean
    find(id: number): Readonly<Order> | undefined
    open(): Iterable<Readonly<Order>>
  }
  timers: {
    /** Runs once, at a time of the tape to come. */
    at(tsUs: number, run: () => void): void
    after(ms: number, run: () => void): void
  }
  indicators: typeof INDICATORS
  /** For the run's log. */
  log(message: string, details?: Record<string, unknown>): void
}
