/**
 * What a chain says of money and of its underlying: a call less the put of its strike is a forward, C - P = (F - K) d, so that the pairs
 * around the money name the forward price, and how they fall from strike to strike the discount. Against the spot the forward is what holding
 * the underlying costs: ln(F / S) / T is the rate less dividends and borrow fee, and S - F d what the underlying pays and costs until expiry.
 * What looks like conversions and reversals at zero rates and without dividends is this figure.
 *
 * European options say it exactly, within their spreads. In American ones there is the right to exercise early (a little at the money, more
 * away from it): the forward reads too low by that of the puts, too high by that of the calls.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 11.4 (put-call parity) and ch. 17.4 (forward prices from it).
 */

import type { Chain } from '../state/chain.ts'
import type { ChainTerms } from './detector.ts'

/** Nearest to the money: further away spreads are wide, and American options deep in the money say little of the forward. */
const MOST_PAIRS = 8
/** Fewer say nothing of the discount. */
const LEAST_PAIRS_FOR_RATE = 3
const DAYS_PER_YEAR = 365
const MINUTE_US = 60_000_000

/** Prices per share; rates are annual fractions, continuously compounded, ACT/365. */
export interface Parity {
  /** Calendar days to expiry. */
  days: number
  /** Of call and put of one strike, both quoted on both sides. */
  pairs: number
  /** The most at which the forward can be sold, and the least at which it can be bought, by pairs; and the middle of the two. */
  forwardBid: number
  forwardAsk: number
  forward: number
  /** The middle of the underlying; of an index its latest value. Undefined: no price. */
  spot: number | undefined
  /** ln(F / S) / T: the rate less dividends and borrow fee, whatever each of them is. Undefined on the last day. */
  carryRate: number | undefined
  /** The rate that the pairs agree with best, by least squares over their middles. Undefined with less than three pairs, and on the last day. */
  impliedRate: number | undefined
  /** The rate of the discount: what the records say, or else the implied one. */
  rate: number | undefined
  /** S - F d: present value of what the underlying pays and of what borrowing it costs, until expiry. */
  income: number | undefined
  /** The same as an annual fraction of the spot. */
  incomeRate: number | undefined
}

/** Whether what stands of an option of that chain, or of its underlying, is a price of now. */
export type IsOfNow = (chain: Chain, instrument: number) => boolean

/** A point of the time series of one chain. */
export interface ParitySample extends Parity {
  tsUs: number
  symbol: string
  currency: string
  expiry: string
  tradingClass: string
  multiplier: number
}

interface Pair {
  strike: number
  /** Call less put: sold, bought, and between. */
  bid: number
  ask: number
  middle: number
  newestUs: number
}

/** What the pairs of a chain say now. Undefined without a pair. */
export function parityOf(chain: Chain, terms: ChainTerms, isOfNow: IsOfNow): Parity | undefined {
  return parityOfPairs(pairsOf(chain, isOfNow), chain, terms)
}

function parityOfPairs(pairs: readonly Pair[], { underlying }: Chain, terms: ChainTerms): Parity | undefined {
  if (pairs.length === 0) return undefined
  const { days } = terms
  const years = days / DAYS_PER_YEAR
  const impliedRate = days > 0 ? impliedRateOf(pairs, years) : undefined
  const rate = terms.isRateKnown && days > 0 ? -Math.log(terms.discount) / years : impliedRate
  const discount = rate === undefined ? 1 : Math.exp(-rate * years)
  let [forwardBid, forwardAsk] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const { strike, bid, ask } of pairs) {
    forwardBid = Math.max(forwardBid, strike + bid / discount)
    forwardAsk = Math.min(forwardAsk, strike + ask / discount)
  }
  const forward = (forwardBid + forwardAsk) / 2
  const spot = underlying.middle > 0 ? underlying.middle : undefined
  const hasCarry = spot !== undefined && days > 0 && forward > 0
  const income = hasCarry && rate !== undefined ? spot - forward * discount : undefined
  return {
    days,
    pairs: pairs.length,
    forwardBid,
    forwardAsk,
    forward,
    spot,
    carryRate: hasCarry ? Math.log(forward / spot) / years : undefined,
    impliedRate,
    rate,
    income,
    incomeRate: hasCarry && rate !== undefined ? rate - Math.log(forward / spot) / years : undefined,
  }
}

/** The pairs nearest to the money, which is where call and put are worth the same. Of equally near ones the lower strike comes first. */
function pairsOf(chain: Chain, isOfNow: IsOfNow): Pair[] {
  const { calls, puts, underlying } = chain
  const pairs: Pair[] = []
  if (underlying.instrument !== undefined && !isOfNow(chain, underlying.instrument)) return pairs
  for (let at = 0; at < chain.length; at++) {
    const [callBid, callAsk] = [calls.bidPrices[at] as number, calls.askPrices[at] as number]
    const [putBid, putAsk] = [puts.bidPrices[at] as number, puts.askPrices[at] as number]
    if (!(callBid > 0 && callAsk >= callBid && putBid > 0 && putAsk >= putBid)) continue
    if (calls.doubted[at] === 1 || puts.doubted[at] === 1) continue
    if (!isOfNow(chain, calls.instruments[at] as number) || !isOfNow(chain, puts.instruments[at] as number)) continue
    const [bid, ask] = [callBid - putAsk, callAsk - putBid]
    const newestUs = Math.max(calls.timesUs[at] as number, puts.timesUs[at] as number)
    pairs.push({ strike: chain.strikeAt(at), bid, ask, middle: (bid + ask) / 2, newestUs })
  }
  return pairs.sort((a, b) => Math.abs(a.middle) - Math.abs(b.middle) || a.strike - b.strike).slice(0, MOST_PAIRS)
}

/** Call less put falls by the discount for each unit of strike. */
function impliedRateOf(pairs: readonly Pair[], years: number): number | undefined {
  if (pairs.length < LEAST_PAIRS_FOR_RATE) return undefined
  let [strikes, middles] = [0, 0]
  for (const { strike, middle } of pairs) {
    strikes += strike / pairs.length
    middles += middle / pairs.length
  }
  let [both, squares] = [0, 0]
  for (const { strike, middle } of pairs) {
    both += (strike - strikes) * (middle - middles)
    squares += (strike - strikes) ** 2
  }
  const discount = -both / squares
  return discount > 0 ? -Math.log(discount) / years : undefined
}

/**
 * Samples every chain once a minute of the tape's time, at the first quote of that minute, while its options are quoted. What is delayed, frozen,
 * late, or from before the open is left out, and so are all chains of an underlying that is halted: its options stand against another moment.
 */
export class ParityMonitor {
  readonly #terms: (chain: Chain) => ChainTerms
  readonly #isOfNow: IsOfNow
  #nextUs = Number.NEGATIVE_INFINITY
  #latestUs = Number.NEGATIVE_INFINITY

  constructor(terms: (chain: Chain) => ChainTerms, isOfNow: IsOfNow) {
    this.#terms = terms
    this.#isOfNow = isOfNow
  }

  /**
   * The samples that are due at a quote, which stands in its chain already; undefined, mostly, when none are.
   *
   * @param chains in an order that depends on nothing but the records.
   */
  take(tsUs: number, chains: () => Iterable<Chain>): ParitySample[] | undefined {
    if (tsUs < this.#nextUs) return undefined
    const sinceUs = this.#latestUs
    this.#nextUs = (Math.floor(tsUs / MINUTE_US) + 1) * MINUTE_US
    this.#latestUs = tsUs
    const samples: ParitySample[] = []
    for (const chain of chains()) {
      const pairs = pairsOf(chain, this.#isOfNow)
      // In the evening options stand still while their underlying is traded on. What came behind the last sample may have its time.
      if (!pairs.some(({ newestUs }) => newestUs >= sinceUs)) continue
      const parity = parityOfPairs(pairs, chain, this.#terms(chain))
      if (parity === undefined) continue
      const { expiry, tradingClass, multiplier, underlying } = chain
      samples.push({ tsUs, symbol: underlying.symbol, currency: underlying.currency, expiry, tradingClass, multiplier, ...parity })
    }
    return samples
  }

  /** A session begins anew. */
  clear(): void {
    this.#nextUs = Number.NEGATIVE_INFINITY
    this.#latestUs = Number.NEGATIVE_INFINITY
  }
}
