/** Whether an account can bear a trade: its equity has to cover what the positions need, by the margin model. */

import type { Instruments } from './instruments.ts'
import type { Holding, MarginModel } from './models/margin/margin.ts'
import { fromUnits, type Units, worth } from './money.ts'
import type { Portfolio } from './portfolio.ts'

/** Signed: negative sells. */
export interface PlannedTrade {
  instrument: number
  quantity: number
  /** Undefined: at the mark of the position. */
  price?: number | undefined
}

type PricedTrade = PlannedTrade & { price: number }

export interface FundsOptions {
  portfolio: Portfolio
  instruments: Instruments
  /** Absent: everything can be borne. */
  model: MarginModel | undefined
  priceOf: (instrument: number) => number | undefined
  /** What trading would cost, as an order of its own. */
  commissionOf: (trade: PricedTrade) => Units
}

export class Funds {
  readonly #options: FundsOptions

  constructor(options: FundsOptions) {
    this.#options = options
  }

  /** False where everything can be borne. */
  get areLimited(): boolean {
    return this.#options.model !== undefined
  }

  /** Why the trades, which are one, are too much; undefined when they are not, or need less than what is held now. */
  refusal(trades: readonly PricedTrade[]): string | undefined {
    const { model, portfolio, commissionOf } = this.#options
    if (!model) return undefined
    const held = this.#holdings(trades, ({ price }) => price)
    const needed = trades.reduce((sum, trade) => sum + commissionOf(trade), model.initial(held))
    if (needed <= portfolio.equity || needed <= model.initial(this.#holdings([], (_, mark) => mark))) return undefined
    return `buying power is short: ${money(needed)} of equity would be needed, there are ${money(portfolio.equity)}`
  }

  /** What is needed to keep the positions, when it is more than there is. */
  shortfall(): { needed: Units; equity: Units } | undefined {
    const { model, portfolio } = this.#options
    if (!model) return undefined
    const needed = model.maintenance(this.#holdings([], (_, mark) => mark))
    return needed > portfolio.equity ? { needed, equity: portfolio.equity } : undefined
  }

  /** Equity less what is needed to keep the positions once the trades are made, without their commissions. Infinite where nothing is ever needed. */
  excess(trades: readonly PlannedTrade[]): Units {
    const { model, portfolio, instruments } = this.#options
    if (!model) return Number.POSITIVE_INFINITY
    let { equity } = portfolio
    for (const { instrument, quantity, price } of trades) {
      const mark = portfolio.position(instrument)?.mark ?? price
      if (price === undefined || mark === undefined) continue
      const multiplier = instruments.multiplierOf(instrument)
      equity += worth(mark, quantity, multiplier) - worth(price, quantity, multiplier)
    }
    return equity - model.maintenance(this.#holdings(trades, (_, mark) => mark))
  }

  /** @param markOf what is traded is valued at: of a trade with its price, and the mark before */
  #holdings<Trade extends PlannedTrade>(trades: readonly Trade[], markOf: (trade: Trade, mark: number) => number): Holding[] {
    const { portfolio, instruments, priceOf } = this.#options
    const held = new Map<number, { quantity: number; mark: number }>()
    for (const { instrument, quantity, mark } of portfolio.positions()) held.set(instrument, { quantity, mark })
    for (const trade of trades) {
      const { instrument, price = 0 } = trade
      const { quantity, mark } = held.get(instrument) ?? { quantity: 0, mark: price }
      held.set(instrument, { quantity: quantity + trade.quantity, mark: markOf(trade, mark) })
    }
    const holdings: Holding[] = []
    for (const [instrument, { quantity, mark }] of held) {
      const contract = instruments.of(instrument)
      if (!contract || quantity === 0) continue
      const underlying = contract.kind === 'option' ? instruments.underlyingOf(contract) : undefined
      holdings.push({ contract, quantity, mark, underlyingPrice: underlying === undefined ? undefined : priceOf(underlying) })
    }
    return holdings
  }
}

function money(units: Units): string {
  return fromUnits(units).toFixed(2)
}
