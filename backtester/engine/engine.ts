/**
 * The event loop of a backtest. It is given what happened, in the order of its time, and lets the venue, the account and the strategy see it in that
 * order; between two events it runs what was due in the meantime: timers, orders on their way, and with a calendar the days with their sessions,
 * corporate actions, expiries and nightly charges. The only clock is that of what it is given, and the only randomness that of the models, which are
 * seeded: the same events make the same run. docs/backtest-engine.md states what is assumed.
 *
 * Within one moment the venue comes first: what rests there trades against a quote before the strategy sees the quote, and an order that the
 * strategy gives on it arrives after it.
 */

import type { EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Bar } from '../../market/bar.ts'
import type { TradingCalendar, TradingSession } from '../../market/calendar/calendar.ts'
import type { Contract } from '../../market/contract.ts'
import { type ContractRecord, isTick, type TapeRecord, type Trade } from '../../market/tick.ts'
import { Account } from './account.ts'
import { ActionDesk, sumOfPayments } from './action-desk.ts'
import { ActionList, type CorporateAction } from './actions.ts'
import { Commissions } from './commissions.ts'
import { createContext } from './context.ts'
import type { AccountEvent } from './events.ts'
import { Financing } from './financing.ts'
import { Funds, type FundsOptions } from './funds.ts'
import { Instruments } from './instruments.ts'
import { LastPrices } from './last-prices.ts'
import { Liquidation } from './liquidation.ts'
import type { FeeModel } from './models/fees/fees.ts'
import type { FillModel } from './models/fill/fill.ts'
import { type FinancingModel, none as noFinancing } from './models/financing/financing.ts'
import type { LatencyModel } from './models/latency/latency.ts'
import type { MarginModel } from './models/margin/margin.ts'
import type { SlippageModel } from './models/slippage/slippage.ts'
import { fromUnits } from './money.ts'
import { OptionSettlement } from './option-settlement.ts'
import { OrderDesk } from './order-desk.ts'
import { OrderGate } from './order-gate.ts'
import type { Order } from './orders.ts'
import { Portfolio } from './portfolio.ts'
import { Schedule } from './schedule.ts'
import { ShareSizes } from './share-sizes.ts'
import type { Fill, StrategyContext, StrategyHandlers } from './strategy.ts'
import { StrategyHost } from './strategy-host.ts'
import { type DayEvents, TradingDays } from './trading-days.ts'
import { type Execution, momentsOf, Venue } from './venue.ts'

export interface Models {
  fill: FillModel
  latency: LatencyModel
  slippage: SlippageModel
  fees: FeeModel
  /** Absent: an order is never refused for want of money. */
  margin?: MarginModel | undefined
  /** Absent: nights cost nothing. Charged with a calendar only. */
  financing?: FinancingModel | undefined
}

export interface EngineOptions {
  /** At the start, in the currency of the account. */
  cash: number
  models: Models
  create: (context: StrategyContext) => StrategyHandlers
  /** The date at the exchange, for dated fees. */
  dateOf: (tsUs: number) => string
  /** Of the market that is traded. Absent: there are no sessions, and so no corporate actions, expiries, nights or day orders that end. */
  calendar?: TradingCalendar | undefined
  /** What comes before only warms the strategy up: its orders are rejected, and nights cost and bring nothing. Absent: it trades from the start. */
  tradesFromUs?: number | undefined
  onFill?: ((fill: Fill) => void) | undefined
  /** Dividends, splits, exercises, assignments, expiries, charges, warnings. */
  onEvent?: ((event: AccountEvent) => void) | undefined
  onLog?: ((tsUs: number, message: string, details: Record<string, unknown> | undefined) => void) | undefined
}

/** Events that may be planned within one moment: a strategy that plans on is in a loop. */
const MOMENT_BOUND = 100_000

export class Engine {
  readonly portfolio: Portfolio
  readonly #options: EngineOptions
  readonly #schedule = new Schedule()
  readonly #instruments = new Instruments()
  readonly #actions = new ActionList()
  readonly #sizes = new ShareSizes()
  readonly #host: StrategyHost
  readonly #venue: Venue
  readonly #prices: LastPrices
  readonly #account: Account
  readonly #funds: Funds
  readonly #settlement: OptionSettlement | undefined
  readonly #financing: Financing | undefined
  readonly #days: TradingDays | undefined
  readonly #gate: OrderGate
  readonly #desk: OrderDesk
  readonly #actionDesk: ActionDesk
  /** Undefined where nothing is ever needed. */
  readonly #liquidation: Liquidation | undefined
  readonly #commissions: Commissions
  #nowUs = Number.NEGATIVE_INFINITY
  /** The first market data begins the first day. */
  #awaitsFirstDay: boolean
  /** True while an index may give its opening price to options that wait for it. */
  #awaitsOpening = false
  /** Events of this moment. */
  #inMoment = 0
  readonly #tradesFromUs: number

  constructor(options: EngineOptions) {
    const { cash, models, calendar } = options
    const nowUs = () => this.#nowUs
    const warmsUp = () => this.#warmsUp
    this.#options = options
    this.#tradesFromUs = options.tradesFromUs ?? Number.NEGATIVE_INFINITY
    this.#awaitsFirstDay = calendar !== undefined
    this.portfolio = new Portfolio(cash)
    const { portfolio } = this
    const instruments = this.#instruments
    const schedule = this.#schedule
    const host = new StrategyHost({
      schedule,
      latency: models.latency,
      nowUs,
      mark: (instrument, price) => {
        portfolio.mark(instrument, price)
        this.#liquidation?.marked()
      },
    })
    this.#host = host
    const venue = new Venue({
      fill: models.fill,
      slippage: models.slippage,
      onExecution: (execution) => this.#execute(execution),
      refusal: (trades) => this.#gate.refusalOfTrades(trades),
      cancel: (order, reason) => this.#desk.cancel(order.id, reason),
      multiplierOf: (instrument) => instruments.multiplierOf(instrument),
      heldOf: (instrument) => portfolio.position(instrument)?.quantity ?? 0,
    })
    this.#venue = venue
    const prices = new LastPrices(venue)
    this.#prices = prices
    const priceOf = (instrument: number, sinceUs?: number) => prices.of(instrument, sinceUs)
    const account = new Account({ portfolio, instruments, nowUs, onEvent: (event) => this.#tellAccount(event) })
    this.#account = account
    this.#commissions = new Commissions({ fees: models.fees, instruments, dateOf: options.dateOf })
    const commissionOf: FundsOptions['commissionOf'] = ({ instrument, quantity, price }) =>
      this.#commissions.ofTrade({ instrument, side: quantity > 0 ? 'buy' : 'sell', quantity: Math.abs(quantity), price }, this.#nowUs)
    const funds = new Funds({ portfolio, instruments, model: models.margin, priceOf, commissionOf })
    this.#funds = funds
    const { carry } = host.market
    const dividends = (instrument: number, after: string, until: string) =>
      this.#actions.dividends(instrument, after, until) || sumOfPayments(carry.payments(instrument, after), after, until)
    const settlement = calendar && new OptionSettlement({ account, calendar, carry, priceOf, dividends })
    this.#settlement = settlement
    this.#financing = calendar && new Financing({ account, carry, model: models.financing ?? noFinancing() })
    this.#days = calendar && new TradingDays({ calendar, schedule, on: this.#dayEvents() })
    this.#gate = new OrderGate({ host, instruments, prices, venue, funds, settlement, days: this.#days, nowUs, warmsUp })
    this.#desk = new OrderDesk({
      venue,
      schedule,
      nowUs,
      latencyUs: () => models.latency.orderUs(),
      refusal: (request) => this.#gate.refusal(request),
      refusalOfCombo: (legs) => this.#gate.refusalOfCombo(legs),
    })
    this.#actionDesk = new ActionDesk({ account, venue, desk: this.#desk, prices, settlement, carry })
    this.#liquidation = models.margin && new Liquidation({ account, funds, venue, desk: this.#desk, gate: this.#gate, schedule, nowUs })
    host.start(() => options.create(this.#context()))
  }

  get #warmsUp(): boolean {
    return this.#nowUs < this.#tradesFromUs
  }

  /** On the tape. */
  get nowUs(): number {
    return this.#nowUs
  }

  /** Every order that was given, in order. */
  get orders(): readonly Order[] {
    return this.#desk.all
  }

  /** The contract of an instrument, as adjusted for splits; undefined before a record named it. */
  contract(instrument: number): Contract | undefined {
    return this.#instruments.of(instrument)
  }

  /**
   * @param sessionId of what recorded it: each session has its own unit of stock sizes
   * @throws RangeError where time goes back, StrategyError where the strategy is at fault
   */
  record(record: TapeRecord, sessionId = 0): void {
    if (this.#awaitsFirstDay && isTick(record)) this.#beginFirstDay(record.tsUs)
    this.#advance(record.tsUs, record.tsUs)
    let isBelieved = true
    switch (record.kind) {
      case 'quote':
        // A price that a rule did not believe is none to trade at.
        isBelieved = record.verdict === undefined || record.verdict.disposition !== 'quarantine'
        if (isBelieved && record.source === undefined) this.#venue.takeQuote(record.instrument, this.#sizes.inShares(record, sessionId))
        break
      case 'trade':
        isBelieved = record.verdict === undefined || record.verdict.disposition !== 'quarantine'
        if (isBelieved) this.#takeTrade(record)
        break
      case 'contract':
        this.#sizes.apply(record, sessionId)
        this.#actionDesk.name(record.instrument, record.contract)
        break
      case 'gap':
      case 'session':
      case 'line':
        this.#sizes.apply(record, sessionId)
        this.#takeBreak(record)
        break
      case 'greeks':
      case 'statistic':
      case 'carry':
      case 'config':
    }
    this.#host.record(record, isBelieved)
    if (this.#schedule.nextUs <= this.#nowUs) this.#runDue(this.#nowUs)
  }

  /**
   * A bar of an instrument, told once it is over. One that reaches beyond the close of its session, as those of days do, is over at the close.
   *
   * @param bar the strategy is handed this very object, and may change it
   * @param endUs the first microsecond behind it, or its last one
   */
  bar(instrument: number, bar: Bar, endUs: number): void {
    this.#tradeIn(instrument, bar, endUs)
    this.#show(instrument, bar)
  }

  /**
   * Bars of several instruments that are over at one moment. Orders trade in all of them before any of them is known: what the account can bear is
   * not to depend on the close of another instrument.
   */
  bars(bars: readonly { instrument: number; bar: Bar }[], endUs: number): void {
    for (const { instrument, bar } of bars) this.#tradeIn(instrument, bar, endUs)
    for (const { instrument, bar } of bars) this.#show(instrument, bar)
  }

  #tradeIn(instrument: number, bar: Bar, endUs: number): void {
    if (this.#awaitsFirstDay) this.#beginFirstDay(bar.startUs)
    const session = this.#days?.sessionOf(bar.startUs)
    const holdsClose = session === undefined || (bar.startUs < session.closeUs && session.closeUs <= endUs + 1)
    const holdsOpen = session === undefined || (bar.startUs <= session.openUs && session.openUs < endUs)
    const overUs = session && holdsClose ? Math.min(endUs, session.closeUs) : endUs
    const atUs = Math.max(overUs, Math.min(this.#nowUs, endUs))
    // What is due at its end comes behind it: the close of the session, a split of the next day.
    this.#advance(atUs, atUs - 1)
    if (this.#awaitsOpening && session && endUs > session.openUs) this.#settleOpening(instrument, bar.open, bar.startUs)
    this.#venue.takeBar(instrument, bar, atUs, momentsOf(holdsOpen, holdsClose))
  }

  /** Whatever comes of it, an order that arrives or the close of the session, waits for the other bars that end at the same moment. */
  #show(instrument: number, bar: Bar): void {
    this.#prices.take(instrument, bar.close, this.#nowUs)
    this.#host.bar(bar, instrument)
  }

  /**
   * An action that is to come; it is applied on its date, or now where that has begun. Give it long before: assignment looks ahead to dividends as
   * the market does, and a strategy hears of it on its date.
   */
  action(action: CorporateAction): void {
    this.#actions.add(action)
    if (this.#days?.hasBegun) this.#applyBegun(this.#days.today)
  }

  /** Whether the strategy is to be told what the detectors of arbitrage find. */
  get hearsOpportunities(): boolean {
    return this.#host.hearsOpportunities
  }

  /** What a detector of arbitrage found at this moment, for the strategy. */
  opportunity(event: EpisodeEvent, episode: Episode): void {
    this.#host.opportunity(event, episode)
    this.#runDue(this.#nowUs)
  }

  /** Lets time go on without an event. */
  advanceTo(tsUs: number): void {
    this.#advance(tsUs, tsUs)
  }

  /**
   * The data is over. A day whose session has closed is brought to its cut-off, so that what expires on it is settled; positions that remain stay
   * open at their marks, and orders stay as they are.
   */
  finish(): void {
    if (!this.#days?.hasBegun) return
    this.#runDue(this.#nowUs)
    const endUs = this.#days.endOfDay(this.#nowUs)
    this.#advance(endUs, endUs)
  }

  /** Runs what is due by `dueUs`, each at its own time, as it was planned before what happens now; then it is `tsUs`. */
  #advance(tsUs: number, dueUs: number): void {
    if (!(tsUs >= this.#nowUs)) throw new RangeError(`expected a time from ${this.#nowUs} on, found ${tsUs}`)
    if (this.#schedule.nextUs <= dueUs) this.#runDue(dueUs)
    if (tsUs > this.#nowUs) this.#inMoment = 0
    this.#nowUs = tsUs
  }

  #runDue(tsUs: number): void {
    for (let due = this.#schedule.take(tsUs); due; due = this.#schedule.take(tsUs)) {
      if (due.tsUs > this.#nowUs) {
        this.#nowUs = due.tsUs
        this.#inMoment = 0
      } else if (++this.#inMoment > MOMENT_BOUND)
        throw this.#host.fault('strategy-loop', `the strategy planned more than ${MOMENT_BOUND} events within one moment: it never waits`)
      due.run()
    }
  }

  #beginFirstDay(tsUs: number): void {
    this.#awaitsFirstDay = false
    this.#nowUs = Math.max(this.#nowUs, tsUs)
    this.#days?.begin(tsUs)
  }

  #takeTrade(trade: Trade): void {
    const isOfNow = this.#prices.takeTrade(trade)
    if (isOfNow && this.#awaitsOpening) this.#settleOpening(trade.instrument, trade.price, trade.tsUs)
  }

  /** Data went missing: what stood before is no offer any more. */
  #takeBreak(record: TapeRecord & { kind: 'gap' | 'session' | 'line' }): void {
    if (record.kind === 'session') {
      if (record.event === 'started' || record.event === 'ended') this.#venue.forget()
      else if (record.event === 'interrupted') this.#breakOff()
    } else if (record.kind === 'gap') this.#breakOff(record.instrument, record.toTsUs)
    else if (record.event === 'closed' && record.feed === undefined) this.#breakOff(record.instrument)
  }

  #breakOff(instrument?: number, untilUs?: number): void {
    this.#venue.forget(instrument, untilUs)
    for (const position of this.portfolio.positions())
      if (instrument === undefined || position.instrument === instrument)
        this.#account.tell({ kind: 'gap', instrument: position.instrument })
  }

  #dayEvents(): DayEvents {
    return {
      begin: (date, isFirst) => {
        // No quote stands overnight.
        this.#venue.forget()
        if (!isFirst && this.#nowUs > this.#tradesFromUs) this.#financing?.charge()
        this.#applyBegun(date)
        for (const dividend of this.#actionDesk.namedDividends(date)) this.#apply(dividend)
      },
      open: ({ openUs, date }) => {
        this.#venue.open(openUs)
        this.#awaitsOpening = this.#settlement?.hasOpenings(date) ?? false
        this.#host.session('open', date)
      },
      close: (session) => this.#close(session),
      cutOff: (session, next) => this.#settlement?.atCutOff(session, next),
    }
  }

  #applyBegun(date: string): void {
    for (const action of this.#actions.takeBegun(date)) this.#apply(action)
  }

  #apply(action: CorporateAction): void {
    this.#actionDesk.apply(action)
    this.#host.action(action)
  }

  #settleOpening(instrument: number, price: number, atUs: number): void {
    const session = this.#days?.sessionOf(atUs)
    if (session && this.#instruments.of(instrument)?.kind === 'index') this.#settlement?.atOpening(instrument, price, session.date)
  }

  #close(session: TradingSession): void {
    const { closeUs, date } = session
    this.#venue.close(closeUs)
    this.#desk.expire(({ request, arrivedUs }) => request.timeInForce === 'day' && arrivedUs < closeUs, 'the session closed')
    this.#desk.expire(({ request }) => this.#gate.hasExpired(request.instrument, date), 'the option does not trade any more')
    if (this.#awaitsOpening) this.#settlement?.afterOpening(date)
    this.#awaitsOpening = false
    this.#settlement?.atClose(session)
    for (const action of this.#actions.takeDelisted(date)) this.#apply(action)
    const short = this.#funds.shortfall()
    if (short) this.#account.tell({ kind: 'margin-call', equity: fromUnits(short.equity), needed: fromUnits(short.needed) })
    this.#host.session('close', date)
  }

  #tellAccount(event: AccountEvent): void {
    this.#options.onEvent?.(event)
    this.#host.account(event)
  }

  #execute(execution: Execution): void {
    const { order, quantity, price, tsUs, isTaker } = execution
    const { instrument, side } = order.request
    const multiplier = this.#instruments.multiplierOf(instrument)
    const commission = this.#commissions.ofFill(execution)
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
    this.#host.filled(fill)
  }

  #context(): StrategyContext {
    const host = this.#host
    return createContext({
      nowUs: () => this.#nowUs,
      warmsUp: () => this.#warmsUp,
      market: host.market,
      portfolio: this.portfolio,
      desk: this.#desk,
      chains: () => host.chains,
      submit: (request) => this.#gate.submit(request, this.#desk),
      submitCombo: (request) => this.#gate.submitCombo(request, this.#desk),
      exercise: (instrument, quantity) =>
        this.#settlement ? this.#settlement.exercise(instrument, quantity, this.#days?.today ?? '') : 'there is no calendar',
      lapse: (instrument) => this.#settlement?.lapse(instrument),
      plan: (tsUs, run) => this.#schedule.at(tsUs, () => host.call(() => (typeof run === 'string' ? host.timer(run) : run()))),
      log: (message, details) => this.#options.onLog?.(this.#nowUs, message, details),
    })
  }
}

/** Names an instrument to an engine that is fed with bars alone. */
export function contractRecord(instrument: number, contract: Contract, tsUs: number): ContractRecord {
  return { kind: 'contract', instrument, contract, tsUs, seq: 0 }
}
