/** What a strategy's orders have to pass before they are sent: they are orders, on something that trades, and the account can bear them. */

import type { Funds } from './funds.ts'
import type { Instruments } from './instruments.ts'
import type { LastPrices } from './last-prices.ts'
import type { OptionSettlement } from './option-settlement.ts'
import type { OrderDesk } from './order-desk.ts'
import { type ComboRequest, mistakeIn, mistakeInCombo, type OrderRequest } from './orders.ts'
import type { StrategyHost } from './strategy-host.ts'
import type { TradingDays } from './trading-days.ts'
import type { Trade, Venue } from './venue.ts'

export interface OrderGateOptions {
  host: StrategyHost
  instruments: Instruments
  prices: LastPrices
  venue: Venue
  funds: Funds
  /** Undefined without a calendar. */
  days: TradingDays | undefined
  settlement: OptionSettlement | undefined
  nowUs: () => number
  /** True until the run trades. */
  warmsUp: () => boolean
}

/** Why an order is rejected that was given before the range of the run. */
export const WARM_UP = 'warm-up'

export class OrderGate {
  readonly #options: OrderGateOptions

  constructor(options: OrderGateOptions) {
    this.#options = options
  }

  /** @throws StrategyError for what is no order, or on what is not known */
  submit(request: OrderRequest, desk: OrderDesk): number {
    this.#refuseMistake(mistakeIn(request))
    this.#mustKnow(request.instrument)
    return desk.submit(request)
  }

  /** @throws StrategyError for what is no order, or on what is not known */
  submitCombo(request: ComboRequest, desk: OrderDesk): readonly number[] {
    this.#refuseMistake(mistakeInCombo(request))
    for (const { instrument } of request.legs) this.#mustKnow(instrument)
    return desk.submitCombo(request)
  }

  /** Why nothing of it can be traded; undefined when it can. */
  whyClosed(instrument: number): string | undefined {
    return this.#options.instruments.whyClosed(instrument) ?? this.#whyExpired(instrument)
  }

  /** Why an order is rejected; undefined when it is not. */
  refusal(request: OrderRequest): string | undefined {
    const { instrument, type } = request
    const { funds, warmsUp } = this.#options
    if (warmsUp()) return WARM_UP
    const closed = this.whyClosed(instrument)
    if (closed !== undefined) return `instrument ${instrument} cannot be traded: ${closed}`
    const price = type === 'combo-leg' ? undefined : this.#plannedPrice(request)
    return price === undefined ? undefined : funds.refusal([{ instrument, quantity: signed(request), price }])
  }

  /** Why the legs of a combo are rejected together. */
  refusalOfCombo(legs: readonly OrderRequest[]): string | undefined {
    const { funds } = this.#options
    const trades = legs.map((request) => ({
      instrument: request.instrument,
      quantity: signed(request),
      price: this.#plannedPrice(request),
    }))
    const priced = trades.filter((trade): trade is typeof trade & { price: number } => trade.price !== undefined)
    return priced.length < trades.length ? undefined : funds.refusal(priced)
  }

  /** Why what is about to be traded is too much for the account. */
  refusalOfTrades(trades: readonly Trade[]): string | undefined {
    const { funds } = this.#options
    if (!funds.areLimited || trades.every(({ order }) => order.isForced)) return undefined
    return funds.refusal(
      trades.map(({ order: { request }, quantity, price }) => ({
        instrument: request.instrument,
        quantity: request.side === 'buy' ? quantity : -quantity,
        price,
      })),
    )
  }

  /** True for an option that trades for the last time on that date, or before. */
  hasExpired(instrument: number, date: string): boolean {
    const { instruments, settlement } = this.#options
    const option = instruments.optionOf(instrument)
    return option !== undefined && settlement !== undefined && settlement.lastTradeDate(option) <= date
  }

  #whyExpired(instrument: number): string | undefined {
    const { days, nowUs, instruments } = this.#options
    // Which day was the last to close is asked for nothing else.
    if (instruments.optionOf(instrument) === undefined) return undefined
    const closed = days?.hasBegun ? days.closedDate(nowUs()) : undefined
    return closed !== undefined && this.hasExpired(instrument, closed) ? 'it has expired' : undefined
  }

  /** At which price an order would be traded as far as is known now. */
  #plannedPrice(request: OrderRequest): number | undefined {
    if ('limit' in request) return request.limit
    const { instrument, side } = request
    return this.#options.venue.book(instrument)?.touch(side) ?? this.#options.prices.of(instrument)
  }

  #refuseMistake(mistake: string | undefined): void {
    if (mistake !== undefined) throw this.#options.host.fault('strategy-order', mistake)
  }

  #mustKnow(instrument: number): void {
    const { host } = this.#options
    if (!host.market.of(instrument)?.contract)
      throw host.fault('strategy-contract', `no contract is known under the number ${instrument}, which an order named`)
  }
}

function signed({ side, quantity }: OrderRequest): number {
  return side === 'buy' ? quantity : -quantity
}
