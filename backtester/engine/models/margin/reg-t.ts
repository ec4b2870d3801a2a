/**
 * An approximation of Regulation T (12 CFR 220), as what the equity must cover: the equity counts long positions as worth and short ones as owed, so that
 * the proceeds of a short sale are no equity.
 *
 * - Shares: 50 % of what they are worth, long and short (short: the 100 % of the proceeds and 50 % more). To keep: 25 % long, 30 % short.
 * - Options: option-margin.ts.
 * - Futures and all else: what they are worth.
 */

import { multiplierOf } from '../../../../market/contract.ts'
import { type Units, worth } from '../../money.ts'
import type { Holding, MarginModel } from './margin.ts'
import { type HeldOption, optionsNeed } from './option-margin.ts'

/** What is on one underlying. */
interface Group {
  options: HeldOption[]
  /** Negative: short. */
  shares: number
}

function needed(holdings: readonly Holding[], shares: { long: number; short: number }): Units {
  const groups = new Map<string, Group>()
  let sum = 0
  for (const holding of holdings) {
    const { contract, quantity, mark } = holding
    const key = `${contract.symbol} ${contract.currency}`
    const group = groups.get(key) ?? { options: [], shares: 0 }
    groups.set(key, group)
    const value = Math.abs(worth(mark, quantity, multiplierOf(contract)))
    if (contract.kind === 'option') group.options.push({ ...holding, contract })
    else if (contract.kind === 'stock') {
      group.shares += quantity
      sum += Math.round(value * (quantity > 0 ? shares.long : shares.short))
    } else sum += value
  }
  for (const group of groups.values()) if (group.options.length > 0) sum += optionsNeed(group.options, group.shares)
  return sum
}

export const regT = (): MarginModel => ({
  name: 'reg-t',
  initial: (holdings) => needed(holdings, { long: 0.5, short: 0.5 }),
  maintenance: (holdings) => needed(holdings, { long: 0.25, short: 0.3 }),
})
