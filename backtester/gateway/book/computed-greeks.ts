/**
 * Option values for a tape that has none: computed from the bid, from the ask, from the last trade and, as the model's, from the middle of the
 * option's quote, over the middle of its underlying's; an index has no quote, and its value counts.
 */

import type { OptionContract } from '../../../market/contract.ts'
import type { InstrumentState } from '../../../market/state/instrument-state.ts'
import type { Greeks, Quote } from '../../../market/tick.ts'
import type { ListedContract } from '../contracts/contracts.ts'
import type { OptionFigures } from '../protocol/messages.ts'
import { midpointOf } from './midpoint.ts'
import { OptionModel } from './option-model.ts'
import { isTwoSided } from './quote-sides.ts'

/** The market data of what an option is written on. */
export interface Underlying {
  readonly listed: Pick<ListedContract, 'secType'>
  readonly quote: Quote | undefined
  readonly state: Pick<InstrumentState, 'lastTrade'> | undefined
}

/** What values are computed from. */
export interface Inputs {
  /** The middle of the underlying's quote, or the value of an index. */
  spot: number
  /** Prices of the option; a basis that has none is left out. */
  prices: readonly (readonly [basis: Greeks['basis'], price: number])[]
}

export class ComputedGreeks {
  readonly #underlying: Underlying
  readonly #model: OptionModel

  /** `rate`: continuously compounded annual fraction. */
  constructor(contract: OptionContract, underlying: Underlying, rate: number) {
    this.#underlying = underlying
    this.#model = new OptionModel(contract, rate)
  }

  /** In IB's order, the model's last. Undefined while the underlying has neither a two-sided quote nor a value. */
  inputs(option: Quote, lastPrice: number | undefined): Inputs | undefined {
    const spot = this.#spot()
    if (spot === undefined) return undefined
    const model = isTwoSided(option) ? midpointOf(option.bidPrice, option.askPrice) : undefined
    const prices = [
      ['bid', option.bidPrice],
      ['ask', option.askPrice],
      ['last', lastPrice],
      ['model', model],
    ] as const
    return {
      spot,
      prices: prices.filter((entry): entry is [(typeof entry)[0], number] => isPrice(entry[1])),
    }
  }

  #spot(): number | undefined {
    const { listed, quote, state } = this.#underlying
    if (isTwoSided(quote)) return midpointOf(quote.bidPrice, quote.askPrice)
    return listed.secType === 'IND' ? state?.lastTrade?.price : undefined
  }

  /** Undefined at or behind the expiry, and where no volatility explains the price. */
  at(tsUs: number, spot: number, price: number): OptionFigures | undefined {
    return this.#model.ofPrice(tsUs, spot, price)
  }
}

function isPrice(price: number | undefined): price is number {
  return price !== undefined && price > 0 && Number.isFinite(price)
}
