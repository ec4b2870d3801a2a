/**
 * What the options on one underlying need, by the margin rules of the exchanges (Cboe Rule 10.3, FINRA Rule 4210(f)(2)), as what the equity must cover:
 * the equity counts long options as worth and short ones as owed, so that the proceeds of a sale need not be deposited again.
 *
 * - Covered: a short call with shares, a short put with short shares: nothing.
 * - Spread: short options with long ones of the same right that do not expire before them: the most that all of one expiry can lose at any of their
 *   strikes (FINRA Regulatory Notice 12-44). A vertical needs its width, a condor or a butterfly one wing's, a box that is short its width, what was
 *   paid for whole nothing more. Where the long one expires later each pair counts by itself.
 * - Straddle or strangle: the greater of the two sides, and the other one's premium.
 * - Any other short option: its premium and 20 % of the underlying less what it is out of the money, at least 10 % of the underlying (calls) or of the
 *   strike (puts).
 * - A long option beside all that: all that it is worth.
 *
 * Which option goes with which is tried in three ways, and the cheapest counts: no spreads; spreads where each pair is cheaper than its parts; as many
 * as there can be. A cheaper arrangement may exist.
 */

import type { OptionContract } from '../../../../market/contract.ts'
import { type Units, worth } from '../../money.ts'
import type { Holding } from './margin.ts'

const SHORT_OPTION = 0.2
const SHORT_OPTION_LEAST = 0.1

export interface HeldOption extends Holding {
  contract: OptionContract
}

/** So many of an option, from 0 on, whether long or short. */
interface Leg {
  option: HeldOption
  left: number
}

type Spreading = 'none' | 'where-cheaper' | 'all'

/** @param shares on the same underlying; negative: short */
export function optionsNeed(options: readonly HeldOption[], shares: number): Units {
  const inOrder = options.toSorted(bySeries)
  const longs = legsOf(inOrder, ({ quantity }) => quantity > 0)
  const shorts = legsOf(inOrder, ({ quantity }) => quantity < 0).sort((one, other) => nakedNeed(other.option) - nakedNeed(one.option))
  cover(shorts, shares)
  const ways: Spreading[] = longs.length > 0 && shorts.length > 0 ? ['none', 'where-cheaper', 'all'] : ['none']
  return Math.min(...ways.map((spreading) => arranged(copyOf(shorts), copyOf(longs), spreading)))
}

/** So that nothing depends on what was traded first. */
function bySeries({ contract: one, mark }: HeldOption, { contract: other, mark: otherMark }: HeldOption): number {
  const [series, otherSeries] = [one, other].map(({ expiry, right }) => `${expiry} ${right}`) as [string, string]
  return series < otherSeries ? -1 : series > otherSeries ? 1 : one.strike - other.strike || mark - otherMark
}

function legsOf(options: readonly HeldOption[], fits: (option: HeldOption) => boolean): Leg[] {
  return options.filter(fits).map((option) => ({ option, left: Math.abs(option.quantity) }))
}

const copyOf = (legs: readonly Leg[]): Leg[] => legs.map((leg) => ({ ...leg }))

/** Takes off what shares cover, the dearest first. */
function cover(shorts: readonly Leg[], shares: number): void {
  let covering = shares
  for (const short of shorts) {
    const { right, multiplier } = short.option.contract
    const sign = right === 'C' ? 1 : -1
    const covered = Math.min(short.left, Math.floor(Math.max(0, covering * sign) / multiplier))
    short.left -= covered
    covering -= covered * multiplier * sign
  }
}

function arranged(shorts: readonly Leg[], longs: readonly Leg[], spreading: Spreading): Units {
  let sum = 0
  /** By expiry and multiplier: what is margined as one spread. */
  const spreads = new Map<string, Leg[]>()
  const put = (option: HeldOption, left: number) => {
    const { expiry, multiplier } = option.contract
    const key = `${expiry} ${multiplier}`
    const legs = spreads.get(key)
    if (legs) legs.push({ option, left })
    else spreads.set(key, [{ option, left }])
  }
  if (spreading !== 'none')
    for (const short of shorts)
      for (const long of hedgesOf(short, longs, spreading)) {
        const paired = Math.min(short.left, long.left)
        if (paired === 0) continue
        short.left -= paired
        long.left -= paired
        if (long.option.contract.expiry === short.option.contract.expiry) {
          put(short.option, paired)
          put(long.option, paired)
        } else sum += Math.max(0, worth(pairNeed(long.option, short.option), paired, short.option.contract.multiplier))
      }
  // What is left of the long ones may still make up for what the short ones of their expiry lose.
  for (const { option, left } of longs) put(option, left)
  for (const legs of spreads.values()) sum += spreadNeed(legs)
  return sum + nakedNeeds(shorts)
}

/** Long options that go with a short one, the cheapest first. */
function hedgesOf(short: Leg, longs: readonly Leg[], spreading: Spreading): Leg[] {
  const { option } = short
  return longs
    .filter((long) => long.left > 0 && pairs(long.option, option))
    .filter((long) => spreading === 'all' || pairNeed(long.option, option) < nakedNeed(option) + long.option.mark)
    .sort((one, other) => pairNeed(one.option, option) - pairNeed(other.option, option))
}

function pairs({ contract: long }: HeldOption, { contract: short }: HeldOption): boolean {
  return long.right === short.right && long.multiplier === short.multiplier && long.expiry >= short.expiry
}

/** Per unit of the underlying: what the pair is worth now and the most that it can come to owe. */
function pairNeed(long: HeldOption, short: HeldOption): number {
  const width = (long.contract.strike - short.contract.strike) * (short.contract.right === 'C' ? 1 : -1)
  return long.mark - short.mark + Math.max(0, width)
}

/** Of one expiry: what all is worth now, and the most that it can lose at any of its strikes. Beyond them long ones are as many as short ones. */
function spreadNeed(legs: readonly Leg[]): Units {
  const signed = ({ option, left }: Leg) => (option.quantity > 0 ? left : -left)
  let [value, worst] = [0, 0]
  for (const leg of legs) value += worth(leg.option.mark, signed(leg), leg.option.contract.multiplier)
  for (const at of legs) {
    let payoff = 0
    for (const leg of legs)
      payoff += worth(intrinsic(leg.option.contract, at.option.contract.strike), signed(leg), leg.option.contract.multiplier)
    worst = Math.min(worst, payoff)
  }
  return Math.max(0, value - worst)
}

function intrinsic({ right, strike }: OptionContract, price: number): number {
  return Math.max(0, right === 'C' ? price - strike : strike - price)
}

/** Of a call and a put together only the side with the greater requirement counts; the other one's premium is owed already. */
function nakedNeeds(shorts: readonly Leg[]): Units {
  const full = ({ option }: Leg) => nakedNeed(option) + option.mark
  const of = (wanted: 'C' | 'P') =>
    shorts.filter(({ option, left }) => left > 0 && option.contract.right === wanted).sort((one, other) => full(other) - full(one))
  const [calls, puts] = [of('C'), of('P')]
  let sum = 0
  for (const call of calls)
    for (const put of puts) {
      const { multiplier } = call.option.contract
      const paired = multiplier === put.option.contract.multiplier ? Math.min(call.left, put.left) : 0
      if (paired === 0) continue
      call.left -= paired
      put.left -= paired
      sum += worth(nakedNeed(full(call) >= full(put) ? call.option : put.option), paired, multiplier)
    }
  for (const { option, left } of [...calls, ...puts]) sum += worth(nakedNeed(option), left, option.contract.multiplier)
  return sum
}

/** Per unit of the underlying, without the premium. */
function nakedNeed({ contract: { right, strike }, underlyingPrice = strike }: HeldOption): number {
  const outOfTheMoney = Math.max(0, right === 'C' ? strike - underlyingPrice : underlyingPrice - strike)
  const least = SHORT_OPTION_LEAST * (right === 'C' ? underlyingPrice : strike)
  return Math.max(SHORT_OPTION * underlyingPrice - outOfTheMoney, least)
}
