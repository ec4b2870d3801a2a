/** What trades cost. The minimum and the maximum of a fee are those of an order, whose earlier fills count. */

import type { Instruments } from './instruments.ts'
import type { FeeModel } from './models/fees/fees.ts'
import type { Units } from './money.ts'
import type { Fill } from './strategy.ts'
import type { Execution } from './venue.ts'

export interface CommissionsOptions {
  fees: FeeModel
  instruments: Instruments
  /** The date at the exchange, for dated fees. */
  dateOf: (tsUs: number) => string
}

type TradeOf = Pick<Fill, 'instrument' | 'side' | 'quantity' | 'price'>

/** Of an order that has not traded yet. */
const NOTHING = { quantity: 0, price: 0 }

export class Commissions {
  readonly #options: CommissionsOptions
  /** The value of what was filled of an order that is filled in part, for the fees of what follows. */
  readonly #filledValue = new Map<number, number>()

  constructor(options: CommissionsOptions) {
    this.#options = options
  }

  /** To be asked once for each fill, in their order. */
  ofFill({ order, quantity, price, tsUs }: Execution): Units {
    const { instrument, side } = order.request
    const before = { quantity: order.filled - quantity, price: 0 }
    const value = before.quantity > 0 ? (this.#filledValue.get(order.id) ?? 0) : 0
    if (before.quantity > 0) before.price = value / before.quantity
    if (order.left > 0) this.#filledValue.set(order.id, value + price * quantity)
    else if (before.quantity > 0) this.#filledValue.delete(order.id)
    return this.#of({ instrument, side, quantity, price }, before, tsUs)
  }

  /** Of a trade that would be an order of its own. */
  ofTrade(trade: TradeOf, tsUs: number): Units {
    return this.#of(trade, NOTHING, tsUs)
  }

  #of({ instrument, side, quantity, price }: TradeOf, before: { quantity: number; price: number }, tsUs: number): Units {
    const { fees, instruments, dateOf } = this.#options
    const isOption = instruments.optionOf(instrument) !== undefined
    const fee = { side, quantity, price, isOption, multiplier: instruments.multiplierOf(instrument) }
    return fees.commission(fee, before, dateOf(tsUs))
  }
}
