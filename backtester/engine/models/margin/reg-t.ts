/**
 * An approximation of Regulation T (12 CFR 220) and of the exchanges' margin for options (Cboe Rule 10.3), as what the equity must cover: the equity
 * counts long positions as worth and short ones as owed, so that the proceeds of a short sale are no equity.
 *
 * - Shares: 50 % of what they are worth, long and short (short: the 100 % of the proceeds and 50 % more). To keep: 25 % long, 30 % short.
 * - Long options: all that they are worth. A short option that shares cover needs nothing of its own.
 * - A short option with a long one of the same right that does not expire before it: the most that the pair can lose from here, at the strikes.
 * - Other short options: 20 % of the underlying less what they are out of the money, at least 10 % of the underlying (calls) or strike (puts).
 * - Futures and all else: what they are worth.
 *
 * It is stricter than the rules where those look at more than two legs: of a short straddle or an iron condor both sides count.
 */

import { multiplierOf, type OptionContract } from '../../../../market/contract.ts'
import { type Units, worth } from '../../money.ts'
import type { Holding, MarginModel } from './margin.ts'

const SHORT_OPTION = 0.2
const SHORT_OPTION_LEAST = 0.1

interface HeldOption extends Holding {
  contract: OptionContract
}

/** What is on one underlying. */
interface Group {
  options: HeldOption[]
  /** Long and short shares, less those that cover short options. */
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
  for (const group of groups.values()) if (group.options.length > 0) sum += optionsNeed(group)
  return sum
}

function optionsNeed({ options, shares }: Group): Units {
  const longs = options.filter(({ quantity }) => quantity > 0).map((option) => ({ option, left: option.quantity }))
  const shorts = options.filter(({ quantity }) => quantity < 0).sort((a, b) => nakedNeed(b) - nakedNeed(a))
  let [sum, covering] = [0, shares]
  for (const short of shorts) {
    const { right, multiplier } = short.contract
    let left = -short.quantity
    const covered = Math.min(left, Math.floor(Math.max(0, right === 'C' ? covering : -covering) / multiplier))
    covering -= covered * multiplier * (right === 'C' ? 1 : -1)
    left -= covered
    for (const long of longs
      .filter(({ option }) => pairs(option, short))
      .sort((a, b) => pairNeed(a.option, short) - pairNeed(b.option, short))) {
      const paired = Math.min(left, long.left)
      if (paired === 0 || pairNeed(long.option, short) >= nakedNeed(short) + long.option.mark) continue
      left -= paired
      long.left -= paired
      sum += Math.max(0, worth(pairNeed(long.option, short), paired, multiplier))
    }
    sum += worth(nakedNeed(short), left, multiplier)
  }
  for (const { option, left } of longs) sum += worth(option.mark, left, option.contract.multiplier)
  return sum
}

function pairs(long: HeldOption, short: HeldOption): boolean {
  const [a, b] = [long.contract, short.contract]
  return a.right === b.right && a.multiplier === b.multiplier && a.expiry >= b.expiry
}

/** Per unit of the underlying: what the pair is worth now and the most that it can come to owe. */
function pairNeed(long: HeldOption, short: HeldOption): number {
  const width = (long.contract.strike - short.contract.strike) * (short.contract.right === 'C' ? 1 : -1)
  return long.mark - short.mark + Math.max(0, width)
}

function nakedNeed({ contract: { right, strike }, underlyingPrice = strike }: HeldOption): number {
  const outOfTheMoney = Math.max(0, right === 'C' ? strike - underlyingPrice : underlyingPrice - strike)
  const least = SHORT_OPTION_LEAST * (right === 'C' ? underlyingPrice : strike)
  return Math.max(SHORT_OPTION * underlyingPrice - outOfTheMoney, least)
}

export const regT = (): MarginModel => ({
  name: 'reg-t',
  initial: (holdings) => needed(holdings, { long: 0.5, short: 0.5 }),
  maintenance: (holdings) => needed(holdings, { long: 0.25, short: 0.3 }),
})
