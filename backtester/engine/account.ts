/** Books what happens to positions without an order, and tells of it. */

import type { AccountEvent, Move } from './events.ts'
import type { Instruments } from './instruments.ts'
import { fromUnits, type Units } from './money.ts'
import type { Portfolio } from './portfolio.ts'

/** Without its time, each of the kinds by itself. */
type Untimed<T> = T extends unknown ? Omit<T, 'tsUs'> : never

export interface AccountOptions {
  portfolio: Portfolio
  instruments: Instruments
  nowUs: () => number
  onEvent: (event: AccountEvent) => void
}

export class Account {
  readonly portfolio: Portfolio
  readonly instruments: Instruments
  readonly #options: AccountOptions

  constructor(options: AccountOptions) {
    this.portfolio = options.portfolio
    this.instruments = options.instruments
    this.#options = options
  }

  /** @param quantity units added; negative: taken away */
  move(instrument: number, quantity: number, price: number): Move {
    const multiplier = this.portfolio.position(instrument)?.multiplier ?? this.instruments.multiplierOf(instrument)
    const realised = this.portfolio.trade({ instrument, quantity, price, multiplier })
    return { instrument, quantity, price, realised: fromUnits(realised) }
  }

  /** Pays what comes in as income and what goes out as a cost. */
  pay(kind: 'interest' | 'dividend', amount: Units): void {
    if (amount > 0) this.portfolio.earn(kind, amount)
    else if (amount < 0) this.portfolio.charge(kind === 'dividend' ? 'dividend-owed' : kind, -amount)
  }

  tell(event: Untimed<AccountEvent>): void {
    this.#options.onEvent({ ...event, tsUs: this.#options.nowUs() })
  }

  warn(message: string, instrument?: number): void {
    this.tell({ kind: 'warning', instrument, message })
  }
}
