/** Charges the nights: interest on cash, and the fee for shares that are short. Each is a booking of its own. */

import type { CarryState } from '../../market/state/carry-state.ts'
import type { Account } from './account.ts'
import type { FinancingModel } from './models/financing/financing.ts'
import { fromUnits, type Units } from './money.ts'

const DAYS_PER_YEAR = 360
/** Whose rates count: an account has one currency. */
const CURRENCY = 'USD'

export class Financing {
  readonly #account: Account
  readonly #carry: CarryState
  readonly #model: FinancingModel

  constructor({ account, carry, model }: { account: Account; carry: CarryState; model: FinancingModel }) {
    this.#account = account
    this.#carry = carry
    this.#model = model
  }

  /** One night. */
  charge(): void {
    const { portfolio } = this.#account
    let owed = 0
    for (const { instrument, quantity, value } of portfolio.positions()) {
      if (quantity >= 0 || this.#account.instruments.of(instrument)?.kind !== 'stock') continue
      owed -= value
      const fee = ofNight(-value, this.#model.borrowRate(this.#carry.borrow(instrument)))
      if (fee <= 0) continue
      portfolio.charge('borrow', fee)
      this.#account.tell({ kind: 'borrow', instrument, amount: -fromUnits(fee) })
    }
    const rate = this.#carry.rates(CURRENCY)?.points[0]?.rate
    // What short sales brought stands as security, and earns nothing.
    const free = portfolio.cash - Math.max(0, owed)
    const interest =
      free >= 0 ? ofNight(free, this.#model.creditRate(rate)) : ofNight(Math.min(0, portfolio.cash), this.#model.debitRate(rate))
    if (interest === 0) return
    this.#account.pay('interest', interest)
    this.#account.tell({ kind: 'interest', amount: fromUnits(interest) })
  }
}

function ofNight(amount: Units, rate: number): Units {
  const cost = Math.round((amount * rate) / DAYS_PER_YEAR)
  return cost === 0 ? 0 : cost
}
