/**
 * The event loop of a backtest. It is given what happened, in the order of its time, and lets the venue, the account and the strategy see it in that
 * order; between two events it runs what was due in the meantime. The only clock is that of what it is given, and the only randomness that of the
 * models, which are seeded: the same events make the same run.
 *
 * Within one moment the venue comes first: what rests there trades against a quote before the strategy sees the quote, and an order that the
 * strategy gives on it arrives after it.
 */

import type { Bar } from '../../market/bar.ts'
import type { Contract } from '../../market/contract.ts'
import { INDICATORS } from '../../market/indicators/index.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { ContractRecord, Quote, TapeRecord, Trade } from '../../market/tick.ts'
import type { FeeModel } from './models/fees/fees.ts'
import type { FillModel } from './models/fill/fill.ts'
import type { LatencyModel } from './models/latency/latency.ts'
import type { SlippageModel } from './models/slippage/slippage.ts'
import { fromUnits } from './money.ts'
import { OrderDesk } from './order-desk.ts'
import type { Order, OrderRequest } from './orders.ts'
import { Portfolio } from './portfolio.ts'
import { Schedule } from './schedule.ts'
import type { Fill, StrategyContext, StrategyHandlers } from './strategy.ts'
import { type Execution, Venue } from './venue.ts'

export interface Models {
  fill: FillModel
  latency: LatencyModel
  slippage: SlippageModel
  fees: FeeModel
}

export interface EngineOptions {
  /** At the start, in the currency of the account. */
  cash: number
  models: Models
  create: (context: StrategyContext) => StrategyHandlers
  /** The date at the exchange, for dated fees. */
  dateOf: (tsUs: number) => string
  onFill?: ((fill: Fill) => void) | undefined
  onLog?: ((tsUs: number, message: string, details: Record<string, unknown> | undefined) => void) | undefined
}

export class Engine {
  readonly portfolio: Portfolio
  readonly #options: EngineOptions
  readonly #schedule = new Schedule()
  readonly #venue: Venue
  readonly #desk: OrderDesk
  /** As the strategy knows it. */
  readonly #market = new MarketState()
  readonly #handlers: StrategyHandlers
  /** What was filled of an order, and its value, for the fees of what follows. */
  readonly #filledValue = new Map<number, number>()
  #nowUs = Number.NEGATIVE_INFINITY

  constructor(options: EngineOptions) {
    const { cash, models, create } = options
    this.#options = options
    this.portfolio = new Portfolio(cash)
    this.#venue = new Venue({ fill: models.fill, slippage: models.slippage, onExecution: (execution) => this.#execute(execution) })
    this.#desk = new OrderDesk({
      venue: this.#venue,
      schedule: this.#schedule,
      nowUs: () => this.#nowUs,
      latencyUs: () => models.latency.orderUs(),
      refusal: (request) => this.#refusal(request),
    })
    this.#handlers = create(this.#context())
  }

  /** Every order that was given, in order. */
  get orders(): readonly Order[] {
    return this.#desk.all
  }

  /** @throws RangeError where time goes back */
  record(record: TapeRecord): void {
    this.#advance(record.tsUs)
    // A price that a rule did not believe is none to trade at.
    const isBelieved = !('verdict' in record) || record.verdict?.disposition !== 'quarantine'
    if (record.kind === 'quote' && isBelieved) {
      this.#venue.takeQuote(record.instrument, record)
      const mid = this.#venue.book(record.instrument)?.mid
      if (mid !== undefined) this.portfolio.mark(record.instrument, mid)
    }
    this.#tell(() => this.#show(record, isBelieved))
    this.#runDue(this.#nowUs)
  }

  /** A bar of an instrument, told once it is over. */
  bar(instrument: number, bar: Bar, endUs: number): void {
    this.#advance(endUs)
    this.#venue.takeBar(instrument, bar, endUs)
    this.portfolio.mark(instrument, bar.close)
    if (this.#handlers.onBar) this.#tell(() => this.#handlers.onBar?.(bar, instrument))
    this.#runDue(this.#nowUs)
  }

  /** Runs what was due before `tsUs`, each at its own time. */
  #advance(tsUs: number): void {
    if (!(tsUs >= this.#nowUs)) throw new RangeError(`expected a time from ${this.#nowUs} on, found ${tsUs}`)
    // What is due at this very moment was planned before it, and so comes before what happens now.
    this.#runDue(tsUs)
    this.#nowUs = tsUs
  }

  #runDue(tsUs: number): void {
    for (let due = this.#schedule.take(tsUs); due; due = this.#schedule.take(tsUs)) {
      this.#nowUs = Math.max(this.#nowUs, due.tsUs)
      due.run()
    }
  }

  /** Lets the strategy see something, as late as the feed brings it. */
  #tell(see: () => void): void {
    const latencyUs = this.#options.models.latency.feedUs()
    if (latencyUs <= 0) see()
    else this.#schedule.at(this.#nowUs + latencyUs, see)
  }

  #show(record: TapeRecord, isBelieved: boolean): void {
    this.#market.apply(record)
    if (!isBelieved) return
    if (record.kind === 'quote') this.#handlers.onQuote?.(record satisfies Quote)
    else if (record.kind === 'trade') this.#handlers.onTrade?.(record satisfies Trade)
  }

  #refusal({ instrument }: OrderRequest): string | undefined {
    return this.#market.of(instrument)?.contract ? undefined : `no contract is known under the number ${instrument}`
  }

  #execute(execution: Execution): void {
    const { order, quantity, price, tsUs, isTaker } = execution
    const { instrument, side } = order.request
    const contract = this.#market.of(instrument)?.contract
    const multiplier = multiplierOf(contract)
    const before = { quantity: order.filled - quantity, price: 0 }
    const value = this.#filledValue.get(order.id) ?? 0
    if (before.quantity > 0) before.price = value / before.quantity
    this.#filledValue.set(order.id, value + price * quantity)
    const fee = { isOption: contract?.kind === 'option', side, quantity, price, multiplier }
    const commission = this.#options.models.fees.commission(fee, before, this.#options.dateOf(tsUs))
    const realised = this.portfolio.trade({
      instrument,
      quantity: side === 'buy' ? quantity : -quantity,
      price,
      multiplier,
      commission,
    })
    this.#desk.took(execution)
    const fill: Fill = {
      orderId: order.id,
      instrument,
      side,
      quantity,
      price,
      commission: fromUnits(commission),
      realised: fromUnits(realised),
      tsUs,
      isTaker,
    }
    this.#options.onFill?.(fill)
    // At once, but behind what is going on: an order that it gives must not meet a half-told quote.
    if (this.#handlers.onFill) this.#schedule.at(this.#nowUs, () => this.#handlers.onFill?.(fill))
  }

  #context(): StrategyContext {
    const { portfolio } = this
    const nowUs = () => this.#nowUs
    const market = this.#market
    const desk = this.#desk
    const schedule = this.#schedule
    return {
      clock: {
        get nowUs() {
          return nowUs()
        },
      },
      market: {
        of: (instrument) => market.of(instrument),
        contract: (instrument) => market.of(instrument)?.contract,
        *instruments() {
          for (const { instrument, contract } of market.instruments()) if (contract) yield { ...contract, instrument }
        },
      },
      portfolio: {
        get cash() {
          return fromUnits(portfolio.cash)
        },
        get equity() {
          return fromUnits(portfolio.equity)
        },
        quantity: (instrument) => portfolio.position(instrument)?.quantity ?? 0,
        positions: () => portfolio.positions(),
      },
      orders: {
        submit: (request) => desk.submit(request),
        cancel: (id) => desk.cancel(id),
        find: (id) => desk.find(id),
        open: () => desk.open(),
      },
      timers: {
        at: (tsUs, run) => schedule.at(Math.max(tsUs, this.#nowUs), run),
        after: (ms, run) => schedule.at(this.#nowUs + Math.max(0, ms) * 1000, run),
      },
      indicators: INDICATORS,
      log: (message, details) => this.#options.onLog?.(this.#nowUs, message, details),
    }
  }
}

function multiplierOf(contract: Contract | undefined): number {
  return (contract && 'multiplier' in contract ? contract.multiplier : undefined) ?? 1
}

/** Names an instrument to an engine that is fed with bars alone. */
export function contractRecord(instrument: number, contract: Contract, tsUs: number): ContractRecord {
  return { kind: 'contract', instrument, contract, tsUs, seq: 0 }
}
