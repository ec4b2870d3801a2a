/**
 * Calendar: of two options of one strike, right and deliverable that expire at different days, the later one is worth no less. Where it
 * costs less than the earlier one brings, buy it and sell the other.
 *
 * American: whenever the short option is assigned, the long one is exercised, and the strikes cancel; nothing is owed. Guaranteed for puts, less
 * the interest on the strike over the nights until the answer brings it; a high rate is taken where none is known.
 * For calls while no ex-date lies before the earlier expiry or right behind it: assigned the evening before, the answer comes a day late and the
 * dividend is owed.
 * Calls need no rate. Where it is not known whether the options are American, it is only expected.
 * European puts may invert, deep in the money, for the interest on the strike: no arbitrage, refused as carry. European calls are only
 * expected to keep in order: what the first expiry takes is held short until the second one, which earns the interest on the strike and costs
 * the dividends and the borrow fee between the two; where these exceed it, the difference is owed. At the worst the rate between them is off by
 * all of itself. Of an index nothing can be held, and all may be lost.
 * A volatility that differs between expiries is a trade idea and no business of this detector.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 11.1 and 12.3 (calendar spreads); Merton (1973).
 */

import type { Chain, ChainSide, Leg } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import {
  borrowCost,
  buy,
  callAssignment,
  candidateOf,
  earlyExercise,
  dividendsOf,
  isExercisedIntoCash,
  isPricedOffFutures,
  lateAnswerCost,
  latePutCost,
  sell,
} from '../statement.ts'

const NAME = 'calendar'

export const calendar: Detector = {
  name: NAME,
  about: 'An option that costs less than one that expires before it brings.',
  onOption(leg, desk) {
    const { chain, index } = leg
    const { expiries } = desk
    let near = chain.earlier
    for (let n = 0; n < expiries && near !== undefined; n++, near = near.earlier) {
      const at = near.indexOf(leg.strike, index)
      if (at >= 0) look(leg, near, at, chain, index, desk)
    }
    let far = chain.later
    for (let n = 0; n < expiries && far !== undefined; n++, far = far.later) {
      const at = far.indexOf(leg.strike, index)
      if (at >= 0) look(leg, chain, index, far, at, desk)
    }
  },
}

function look({ right, strike }: Leg, near: Chain, nearAt: number, far: Chain, farAt: number, desk: Desk): void {
  const sold = sideOf(near, right)
  const bought = sideOf(far, right)
  const credit = (sold.bidPrices[nearAt] as number) - (bought.askPrices[farAt] as number)
  if (!(credit > LEAST_EDGE)) return
  if (isPricedOffFutures(near) || isExercisedIntoCash(near)) return desk.refuse(NAME, 'settlement-mismatch')
  const terms = desk.terms(near)
  const trades = [sell(sold, nearAt), buy(bought, farAt)]
  const package_ = { detector: NAME, trades, chain: near, lastChain: far }
  if (near.style === 'american') {
    // On the last evening of the earlier one, too, exercise may be for a dividend.
    const { dividends, dividendsBehind } = terms
    const ofCalls = right === 'C' ? callAssignment(near, { ...terms, dividends: dividends + dividendsBehind }) : []
    const assumptions = [...ofCalls, ...earlyExercise(near)]
    const worst = assumptions.length === 0 ? 0 : -(lateAnswerCost(near, terms, strike) + dividendsBehind)
    // The far option may still answer when the near one has expired.
    const late = right === 'P' ? latePutCost(near, desk.terms(far), strike) : 0
    if (!(credit - late > LEAST_EDGE)) return desk.refuse(NAME, 'carry')
    return desk.report(candidateOf({ ...package_, worth: 0 - late, worst: worst - late, assumptions }))
  }
  if (right === 'P') return desk.refuse(NAME, 'carry')
  const farTerms = desk.terms(far)
  const interest = strike * (terms.discount - farTerms.discount)
  const paid = dividendsOf(far, farTerms, strike) - dividendsOf(near, terms, strike)
  const fee = borrowCost(far, farTerms, strike) - borrowCost(near, terms, strike)
  const worth = Math.min(0, interest - paid - fee)
  if (!(worth + credit > LEAST_EDGE)) return desk.refuse(NAME, 'carry')
  const isIndex = near.underlying.isIndex
  const worst = isIndex ? undefined : Math.min(0, interest - Math.abs(interest) - paid - fee)
  desk.report(candidateOf({ ...package_, worth, worst, assumptions: europeanAssumptions(farTerms, isIndex) }))
}

function europeanAssumptions(terms: ChainTerms, isIndex: boolean): Assumption[] {
  const assumptions: Assumption[] = ['dividends-as-expected']
  if (!isIndex) assumptions.push('borrow-stays')
  assumptions.push('forward-rate')
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  if (!terms.areDividendsKnown) assumptions.push('dividends-unknown')
  if (!isIndex && !terms.isBorrowKnown) assumptions.push('borrow-unknown')
  return assumptions
}

function sideOf(chain: Chain, right: 'C' | 'P'): ChainSide {
  return right === 'C' ? chain.calls : chain.puts
}
