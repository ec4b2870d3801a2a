/**
 * Jelly roll: a synthetic forward (call less put) of one strike bought for one expiry and sold for another. Between the two expiries the
 * package is the underlying, short or long, against the strike:
 * C2 - P2 - (C1 - P1) = K (d1 - d2) - (PV(D) until the second expiry less that until the first).
 * Bought (long the later one): the strike comes in at the first expiry and is paid at the second; meanwhile the underlying is short, owes the
 * dividends and costs its borrow fee. Sold: the other way round, with the dividends received.
 *
 * Always only expected: it rests on the rate between the expiries, on the dividends there, and on borrowing (bought). American ones
 * moreover on no early exercise, and are refused as carry where that is due at once for a short leg; what is left of the right to exercise
 * early is in their prices all the same, so that an American roll is no more than a hint. At the worst it is a conversion of one expiry with
 * a reversal of the other (their bounds: Hull, Options, Futures, and Other Derivatives, ch. 11.4); European, the rate between the expiries is off
 * by all of itself, or, as nobody can hold an index between them, all may be lost.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import {
  borrowCost,
  buy,
  candidateOf,
  dividendsOf,
  indexOfStrike,
  isExerciseDue,
  isExercisedIntoCash,
  isPricedOffFutures,
  sell,
} from '../statement.ts'

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
    // Most of the options far from the money lack a bid on one side.
    if (Number.isNaN(syntheticAsk(chain, index)) && Number.isNaN(syntheticBid(chain, index))) return
    let near = chain.earlier
    for (let n = 0; n < desk.expiries && near !== undefined; n++, near = near.earlier) {
      const nearAt = indexOfStrike(near, strike, index)
      if (nearAt >= 0) look({ near, nearAt, far: chain, farAt: index }, desk)
    }
    let far = chain.later
    for (let n = 0; n < desk.expiries && far !== undefined; n++, far = far.later) {
      const farAt = indexOfStrike(far, strike, index)
      if (farAt >= 0) look({ near: chain, nearAt: index, far, farAt }, desk)
    }
  },
}

function look(roll: Roll, desk: Desk): void {
  const { near, nearAt, far, farAt } = roll
  const bought = syntheticAsk(far, farAt) - syntheticBid(near, nearAt)
  const sold = syntheticBid(far, farAt) - syntheticAsk(near, nearAt)
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
  if (interest - paid - fee - bought > LEAST_EDGE) buyRoll(roll, interest - paid - fee, interest - paid - fee - swing, desk)
  else if (-bought > LEAST_EDGE) desk.refuse(NAME, 'carry')
  if (sold - interest + paid > LEAST_EDGE) sellRoll(roll, paid - interest, -interest - swing, desk)
  else if (sold > LEAST_EDGE) desk.refuse(NAME, 'carry')
}

/** @param held what it is worth at the worst when nothing is exercised early. */
function buyRoll({ near, nearAt, far, farAt }: Roll, worth: number, held: number, desk: Desk): void {
  const farTerms = desk.terms(far)
  if (isExerciseDue(near, desk.terms(near), 'C', nearAt) || isExerciseDue(far, farTerms, 'P', farAt)) return desk.refuse(NAME, 'carry')
  const strike = near.strikeAt(nearAt)
  desk.report(
    candidateOf({
      detector: NAME,
      trades: [sell(near.calls, nearAt), buy(near.puts, nearAt), buy(far.calls, farAt), sell(far.puts, farAt)],
      chain: near,
      lastChain: far,
      worth,
      worst: worstOf(near, far, strike, worth, held, desk),
      assumptions: assumptionsOf(near, farTerms, true),
      margin: strike,
    }),
  )
}

/** @param held what it is worth at the worst when nothing is exercised early. */
function sellRoll({ near, nearAt, far, farAt }: Roll, worth: number, held: number, desk: Desk): void {
  const farTerms = desk.terms(far)
  if (isExerciseDue(near, desk.terms(near), 'P', nearAt) || isExerciseDue(far, farTerms, 'C', farAt)) return desk.refuse(NAME, 'carry')
  const strike = near.strikeAt(nearAt)
  desk.report(
    candidateOf({
      detector: NAME,
      trades: [buy(near.calls, nearAt), sell(near.puts, nearAt), sell(far.calls, farAt), buy(far.puts, farAt)],
      chain: near,
      lastChain: far,
      worth,
      worst: worstOf(far, near, strike, worth, held, desk),
      assumptions: assumptionsOf(near, farTerms, false),
      margin: strike,
    }),
  )
}

/** A conversion of one expiry with a reversal of the other. Undefined where all may be lost. */
function worstOf(conversion: Chain, reversal: Chain, strike: number, worth: number, held: number, desk: Desk): number | undefined {
  if (reversal.style === 'european') return reversal.underlying.isIndex ? undefined : Math.min(worth, held)
  const terms = desk.terms(reversal)
  const interest = strike * (terms.discountRange.most - desk.terms(conversion).discountRange.least)
  return Math.min(worth, held, -interest - dividendsOf(reversal, terms, strike) - borrowCost(reversal, terms, strike))
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
  // An index is held, or held short, by other means.
  const isShort = isBought && !underlying.isIndex
  assumptions.push('dividends-as-expected')
  if (isShort) assumptions.push('borrow-stays')
  assumptions.push('forward-rate')
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  if (!terms.areDividendsKnown) assumptions.push('dividends-unknown')
  if (isShort && !terms.isBorrowKnown) assumptions.push('borrow-unknown')
  return assumptions
}
