/**
 * Jelly roll: a synthetic forward (call less put) of one strike bought for one expiry and sold for another. Between the two expiries the
 * package is the underlying, short or long, against the strike:
 * C2 - P2 - (C1 - P1) = K (d1 - d2) - (PV(D) until the second expiry less that until the first).
 * Bought (long the later one): the strike comes in at the first expiry and is paid at the second; meanwhile the underlying is short, owes the
 * dividends and costs its borrow fee. Sold: the other way round, with the dividends received.
 *
 * Always only expected: it rests on the rate between the expiries, on the dividends there, and on borrowing (bought). At the worst the rate is
 * off by all of itself; or, as nobody can hold an index between two expiries, all may be lost.
 * American: the right to exercise early is in the prices of all four, and what it is worth no payoff says. So nothing is said of such a roll
 * before it brings more than it can cost, a conversion of one expiry with a reversal of the other:
 * the least of K d(t) until the one, less the most of K d(t) until the other, PV(D) and the fee (their bounds: Hull, Options, Futures,
 * and Other Derivatives, ch. 11.4).
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { borrowCost, buy, candidateOf, dividendsOf, isExercisedIntoCash, isPricedOffFutures, sell } from '../statement.ts'

const NAME = 'jelly-roll'

interface Roll {
  near: Chain
  nearAt: number
  far: Chain
  farAt: number
}

export const jellyRoll: Detector = {
  name: NAME,
  about: 'Synthetic forwards of one strike and two expiries that differ by more than interest and dividends between.',
  onOption({ chain, index, strike }, desk) {
    const ask = syntheticAsk(chain, index)
    const bid = syntheticBid(chain, index)
    if (Number.isNaN(ask) && Number.isNaN(bid)) return
    const { expiries } = desk
    let near = chain.earlier
    for (let n = 0; n < expiries && near !== undefined; n++, near = near.earlier) {
      const at = near.indexOf(strike, index)
      if (at >= 0) look(near, at, chain, index, ask - syntheticBid(near, at), bid - syntheticAsk(near, at), desk)
    }
    let far = chain.later
    for (let n = 0; n < expiries && far !== undefined; n++, far = far.later) {
      const at = far.indexOf(strike, index)
      if (at >= 0) look(chain, index, far, at, syntheticAsk(far, at) - bid, syntheticBid(far, at) - ask, desk)
    }
  },
}

/** @param bought what the later forward costs beyond what the earlier one brings; `sold`: the other way round */
function look(near: Chain, nearAt: number, far: Chain, farAt: number, bought: number, sold: number, desk: Desk): void {
  // Whole chains lack a side of one of the eight.
  if (Number.isNaN(bought) && Number.isNaN(sold)) return
  if (isPricedOffFutures(near) || isExercisedIntoCash(near)) {
    if (-bought > LEAST_EDGE || sold > LEAST_EDGE) desk.refuse(NAME, 'settlement-mismatch')
    return
  }
  const [nearTerms, farTerms] = [desk.terms(near), desk.terms(far)]
  const strike = near.strikeAt(nearAt)
  const interest = strike * (nearTerms.discount - farTerms.discount)
  const paid = dividendsOf(far, farTerms, strike) - dividendsOf(near, nearTerms, strike)
  const fee = borrowCost(far, farTerms, strike) - borrowCost(near, nearTerms, strike)
  const swing = Math.abs(interest)
  const roll = { near, nearAt, far, farAt }
  const buying = { worth: interest - paid - fee, worst: interest - paid - fee - swing, cost: bought }
  if (buying.worth - bought > LEAST_EDGE) propose(roll, true, buying, desk)
  else if (-bought > LEAST_EDGE) desk.refuse(NAME, 'carry')
  const selling = { worth: paid - interest, worst: -interest - swing, cost: -sold }
  if (selling.worth + sold > LEAST_EDGE) propose(roll, false, selling, desk)
  else if (sold > LEAST_EDGE) desk.refuse(NAME, 'carry')
}

/** What a roll is worth, and at the worst, while nothing is exercised early; and what it costs. */
interface Held {
  worth: number
  worst: number
  cost: number
}

function propose({ near, nearAt, far, farAt }: Roll, isBought: boolean, held: Held, desk: Desk): void {
  const strike = near.strikeAt(nearAt)
  const isAmerican = near.style === 'american'
  const bound = isAmerican ? boundOf(isBought ? near : far, isBought ? far : near, strike, desk) : Number.POSITIVE_INFINITY
  const worth = Math.min(held.worth, bound)
  if (!(worth - held.cost > LEAST_EDGE)) {
    if (-held.cost > LEAST_EDGE) desk.refuse(NAME, 'carry')
    return
  }
  desk.report(
    candidateOf({
      detector: NAME,
      trades: isBought
        ? [sell(near.calls, nearAt), buy(near.puts, nearAt), buy(far.calls, farAt), sell(far.puts, farAt)]
        : [buy(near.calls, nearAt), sell(near.puts, nearAt), sell(far.calls, farAt), buy(far.puts, farAt)],
      chain: near,
      lastChain: far,
      worth,
      worst: near.underlying.isIndex ? undefined : Math.min(held.worst, bound),
      assumptions: assumptionsOf(near, desk.terms(far), isBought),
      margin: strike,
    }),
  )
}

/** A conversion of one expiry with a reversal of the other, whoever exercises when. */
function boundOf(conversion: Chain, reversal: Chain, strike: number, desk: Desk): number {
  const terms = desk.terms(reversal)
  const interest = strike * (terms.discountRange.most - desk.terms(conversion).discountRange.least)
  return -interest - dividendsOf(reversal, terms, strike) - borrowCost(reversal, terms, strike)
}

/** What a forward at the strike costs to buy, and brings when sold. */
function syntheticAsk({ calls, puts }: Chain, at: number): number {
  return (calls.askPrices[at] as number) - (puts.bidPrices[at] as number)
}

function syntheticBid({ calls, puts }: Chain, at: number): number {
  return (calls.bidPrices[at] as number) - (puts.askPrices[at] as number)
}

function assumptionsOf({ style, underlying }: Chain, terms: ChainTerms, isBought: boolean): Assumption[] {
  const assumptions: Assumption[] = style === 'american' ? ['no-early-exercise'] : []
  // An index is held, or held short, by other means. The early end of an American roll may leave either one short.
  const isShort = (isBought || style === 'american') && !underlying.isIndex
  assumptions.push('dividends-as-expected')
  if (isShort) assumptions.push('borrow-stays')
  assumptions.push('forward-rate')
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  if (!terms.areDividendsKnown) assumptions.push('dividends-unknown')
  if (isShort && !terms.isBorrowKnown) assumptions.push('borrow-unknown')
  return assumptions
}
