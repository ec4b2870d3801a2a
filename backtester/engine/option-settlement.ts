/**
 * What becomes of options: exercise, assignment and expiry. docs/backtest-engine.md states the rules.
 *
 * An option that is settled at the close ends with its last session: what was the underlying's price at the close decides, and it is booked at the
 * cut-off of that evening. One that is settled at the opening (SPX) stops trading the session before and is booked with the first price of its index
 * on its settlement day. In the money by 0.01 is exercised unless the holder says otherwise; whoever is short is assigned by the same rule. Options on
 * an index are paid out in cash, all others deliver.
 */

import type { TradingCalendar, TradingSession } from '../../market/calendar/calendar.ts'
import type { OptionContract } from '../../market/contract.ts'
import { indexClassOf } from '../../market/indices.ts'
import { exerciseStyleOf, isAdjusted } from '../../market/option/bounds.ts'
import { presentValueOfPayments, rateFor } from '../../market/option/carry.ts'
import { isCallExerciseDue, isPutExerciseDue } from '../../market/option/early-exercise.ts'
import type { CarryState } from '../../market/state/carry-state.ts'
import { daysBetween } from '../../market/time.ts'
import type { Account } from './account.ts'
import type { Position } from './portfolio.ts'

/** An option is exercised by itself from so much in the money on, per unit of the underlying (OCC Rule 805). */
const AUTOMATIC_FROM = 0.01
/** Prices are sums of floats: 50.01 - 50 is a little less than 0.01. */
const ROUNDING = 1e-9
const DAYS_PER_YEAR = 365

export interface OptionSettlementOptions {
  account: Account
  calendar: TradingCalendar
  carry: CarryState
  /** Undefined: no price is known. */
  priceOf: (instrument: number, sinceUs?: number) => number | undefined
  /** What a share pays after one date and up to another, known or to be announced. */
  dividends: (instrument: number, after: string, until: string) => number
}

interface HeldOption {
  instrument: number
  contract: OptionContract
  position: Position
}

export class OptionSettlement {
  readonly #options: OptionSettlementOptions
  /** How many the holder wants to exercise tonight. */
  readonly #wanted = new Map<number, number>()
  readonly #lapsing = new Set<number>()
  /** What underlyings cost at the latest close. */
  readonly #closes = new Map<number, number>()

  constructor(options: OptionSettlementOptions) {
    this.#options = options
  }

  /** The last day on which an option trades. */
  lastTradeDate(contract: OptionContract): string {
    const { calendar } = this.#options
    const last = contract.lastTradeDate ?? calendar.lastTradeDateFor(contract.expiry)
    if (contract.lastTradeDate !== undefined || !settlesAtOpening(contract)) return last
    return calendar.previousSession(last).date
  }

  /** Exercises options that are held with tonight's cut-off. Returns why they cannot be, if so. */
  exercise(instrument: number, quantity: number, today: string): string | undefined {
    const contract = this.#options.account.instruments.optionOf(instrument)
    const held = this.#options.account.portfolio.position(instrument)?.quantity ?? 0
    if (contract === undefined) return `instrument ${instrument} is no option`
    if (isAdjusted(contract)) return `instrument ${instrument} is of an adjusted class: what it delivers is not known`
    if (!Number.isSafeInteger(quantity) || quantity <= 0) return `expected a quantity of whole contracts above 0, found ${quantity}`
    if (quantity > held) return `expected to exercise at most the ${held} that are held, found ${quantity}`
    const isLastDay = today === this.lastTradeDate(contract)
    if (exerciseStyleOf(contract) === 'european' && !isLastDay) return `a European option is exercised on its last day only`
    this.#wanted.set(instrument, quantity)
    return undefined
  }

  /** Does not exercise an option at its expiry, whatever it is worth. */
  lapse(instrument: number): void {
    this.#lapsing.add(instrument)
  }

  /** Keeps what underlyings cost at the close, as what is traded later that evening settles nothing. */
  atClose({ openUs }: TradingSession): void {
    this.#closes.clear()
    for (const { contract } of this.#held()) {
      const underlying = this.#options.account.instruments.underlyingOf(contract)
      const price = underlying === undefined ? undefined : this.#options.priceOf(underlying, openUs)
      if (underlying !== undefined && price !== undefined) this.#closes.set(underlying, price)
    }
  }

  atCutOff({ date }: TradingSession, next: TradingSession): void {
    for (const held of this.#held()) {
      if (!settlesAtOpening(held.contract) && this.lastTradeDate(held.contract) <= date) this.#expire(held, this.#closeOf(held.contract))
      else if (this.#wanted.has(held.instrument) && !settlesAtOpening(held.contract)) this.#exerciseEarly(held)
      else if (held.position.quantity < 0 && this.#isAssignmentDue(held, date, next.date)) this.#assignEarly(held)
    }
    this.#wanted.clear()
  }

  /** The first price of an index in a session settles what is settled at the opening. */
  atOpening(underlying: number, price: number, date: string): void {
    for (const held of this.#held())
      if (this.#options.account.instruments.underlyingOf(held.contract) === underlying && this.#isDueAtOpening(held, date))
        this.#expire(held, price)
  }

  /** True while something is to be settled at the opening of that day. */
  hasOpenings(date: string): boolean {
    return this.#held().some((held) => this.#isDueAtOpening(held, date))
  }

  /** What was to be settled at an opening that had no price, at the last one known. */
  afterOpening(date: string): void {
    for (const held of this.#held()) {
      if (!this.#isDueAtOpening(held, date)) continue
      this.#options.account.warn(`no price of ${held.contract.symbol} on ${date}: settled at the last one known`, held.instrument)
      this.#expire(held, this.#closeOf(held.contract))
    }
  }

  /** The shares that an option delivers are no more: it is paid out at what it is worth against their last price. */
  settleOn(underlying: number, price: number): void {
    for (const held of this.#held()) {
      const { contract, position, instrument } = held
      if (this.#options.account.instruments.underlyingOf(contract) !== underlying) continue
      const worth = isAdjusted(contract) ? position.mark : intrinsic(contract, price)
      const moves = [this.#options.account.move(instrument, -position.quantity, worth)]
      this.#options.account.tell({ kind: 'expiry', instrument, moves })
    }
  }

  #held(): HeldOption[] {
    const { portfolio, instruments } = this.#options.account
    const held: HeldOption[] = []
    if (!instruments.hasOptions) return held
    for (const position of portfolio.positions()) {
      const contract = instruments.optionOf(position.instrument)
      if (contract) held.push({ instrument: position.instrument, contract, position })
    }
    return held
  }

  /** Undefined where no price is known, or the option is on something else. */
  #closeOf(contract: OptionContract): number | undefined {
    if (isAdjusted(contract)) return undefined
    const underlying = this.#options.account.instruments.underlyingOf(contract)
    if (underlying === undefined) return undefined
    return this.#closes.get(underlying) ?? this.#options.priceOf(underlying)
  }

  #isDueAtOpening({ contract }: HeldOption, date: string): boolean {
    return settlesAtOpening(contract) && this.#options.calendar.lastTradeDateFor(contract.expiry) <= date
  }

  #expire({ instrument, contract, position }: HeldOption, price: number | undefined): void {
    const { account } = this.#options
    const { quantity, mark } = position
    const lapses = this.#lapsing.delete(instrument)
    const wanted = this.#wanted.get(instrument) ?? 0
    if (price === undefined) {
      const why = isAdjusted(contract) ? `what ${contract.tradingClass} delivers` : `a price of ${contract.symbol} at the expiry`
      account.warn(`${why} is not known: paid out at the option's own last mark`, instrument)
      account.tell({ kind: 'expiry', instrument, moves: [account.move(instrument, -quantity, mark)] })
      return
    }
    const isInTheMoney = intrinsic(contract, price) >= AUTOMATIC_FROM - ROUNDING
    const exercised = quantity < 0 ? (isInTheMoney ? quantity : 0) : isInTheMoney && !lapses ? quantity : Math.min(wanted, quantity)
    if (exercised !== 0) this.#deliver({ instrument, contract, quantity: exercised, price, isEarly: false })
    const worthless = quantity - exercised
    if (worthless !== 0) account.tell({ kind: 'expiry', instrument, moves: [account.move(instrument, -worthless, 0)] })
  }

  #exerciseEarly({ instrument, contract, position }: HeldOption): void {
    const quantity = Math.min(this.#wanted.get(instrument) ?? 0, position.quantity)
    const price = this.#closeOf(contract)
    if (quantity > 0 && price !== undefined) this.#deliver({ instrument, contract, quantity, price, isEarly: true })
  }

  #assignEarly({ instrument, contract, position }: HeldOption): void {
    const price = this.#closeOf(contract)
    if (price !== undefined) this.#deliver({ instrument, contract, quantity: position.quantity, price, isEarly: true })
  }

  /** Whether those who hold what is short here gain by not waiting: calls for a dividend, puts for the interest on the strike. */
  #isAssignmentDue({ contract, position }: HeldOption, today: string, next: string): boolean {
    if (exerciseStyleOf(contract) === 'european') return false
    const underlying = this.#options.account.instruments.underlyingOf(contract)
    const spot = this.#closeOf(contract)
    if (underlying === undefined || spot === undefined) return false
    const { strike, right, currency } = contract
    const { mark: price } = position
    if (right === 'C') {
      const dividend = this.#options.dividends(underlying, today, next)
      return dividend > 0 && isCallExerciseDue({ price, spot, strike, dividend })
    }
    const points = this.#options.carry.rates(currency)?.points
    if (points === undefined) return false
    const until = this.lastTradeDate(contract)
    const days = Math.max(0, daysBetween(today, until))
    const dividends =
      presentValueOfPayments(this.#options.carry.payments(underlying, today), points, today, until) ||
      this.#options.dividends(underlying, today, until)
    return isPutExerciseDue({ price, spot, strike, rate: rateFor(points, days), years: days / DAYS_PER_YEAR, dividends })
  }

  /** @param quantity of options exercised; negative: assigned */
  #deliver({
    instrument,
    contract,
    quantity,
    price,
    isEarly,
  }: Pick<HeldOption, 'instrument' | 'contract'> & { quantity: number; price: number; isEarly: boolean }): void {
    const { account } = this.#options
    const underlying = account.instruments.underlyingOf(contract)
    const kind = quantity > 0 ? 'exercise' : 'assignment'
    const isCash = underlying === undefined || account.instruments.of(underlying)?.kind === 'index'
    if (isCash) {
      const moves = [account.move(instrument, -quantity, intrinsic(contract, price))]
      account.tell({ kind, instrument, isEarly, moves })
      return
    }
    // The shares carry what the option was worth: they come at the strike.
    const shares = quantity * contract.multiplier * (contract.right === 'C' ? 1 : -1)
    const moves = [account.move(instrument, -quantity, 0), account.move(underlying, shares, contract.strike)]
    account.portfolio.mark(underlying, price)
    account.tell({ kind, instrument, isEarly, moves })
  }
}

function settlesAtOpening({ tradingClass, symbol }: OptionContract): boolean {
  const known = indexClassOf(tradingClass)
  return known !== undefined && known.symbol === symbol && known.settlesAtOpening
}

function intrinsic({ right, strike }: OptionContract, price: number): number {
  return Math.max(0, right === 'C' ? price - strike : strike - price)
}
