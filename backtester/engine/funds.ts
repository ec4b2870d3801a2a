/** Whether an account can bear a trade: its equity has to cover what the positions need, by the margin model. */

import type { Instruments } from './instruments.ts'
import type { Holding, MarginModel } from './models/margin/margin.ts'
import { fromUnits, type Units } from './money.ts'
import type { Portfolio } from './portfolio.ts'

/** Signed: negative sells. */
export interface PlannedTrade {
  instrument: number
  quantity: number
  price: number
}

export interface FundsOptions {
  portfolio: Portfolio
  instruments: Instruments
  /** Absent: everything can be borne. */
  model: MarginModel | undefined
  priceOf: (instrument: number) => number | undefined
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
  refusal(trades: readonly PlannedTrade[]): string | undefined {
    const { model, portfolio } = this.#options
    if (!model) return undefined
    const needed = model.initial(this.#holdings(trades))
    if (needed <= portfolio.equity || needed <= model.initial(this.#holdings([]))) return undefined
    return `buying power is short: ${money(needed)} of equity would be needed, there are ${money(portfolio.equity)}`
  }

  /** What is needed to keep the positions, when it is more than there is. */
  shortfall(): { needed: Units; equity: Units } | undefined {
    const { model, portfolio } = this.#options
    if (!model) return undefined
    const needed = model.maintenance(this.#holdings([]))
    return needed > portfolio.equity ? { needed, equity: portfolio.equity } : undefined
  }

  #holdings(trades: readonly PlannedTrade[]): Holding[] {
    const { portfolio, instruments, priceOf } = this.#options
    const held = new Map<number, { quantity: number; mark: number }>()
    for (const { instrument, quantity, mark } of portfolio.positions()) held.set(instrument, { quantity, mark })
    for (const { instrument, quantity, price } of trades)
      held.set(instrument, { quantity: (held.get(instrument)?.quantity ?? 0) + quantity, mark: price })
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
