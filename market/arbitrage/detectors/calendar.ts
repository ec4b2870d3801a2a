/**
 * Calendar: of two options of one strike, right and deliverable that expire at different days, the later one is worth no less. Where it
 * costs less than the earlier one brings, buy it and sell the other.
 *
 * American: whenever the short option is assigned, the long one is exercised, and the strikes cancel; nothing is owed. Guaranteed for puts.
 * For calls while no ex-date lies before the earlier expiry: assigned the evening before, the answer comes a day late and the dividend is owed.
 * No rate is needed.
 * European puts may invert, deep in the money, for the interest on the strike: no arbitrage, refused as carry. European calls are only
 * expected to keep in order: at the first expiry the later call is worth S - D - K d between the two, which rests on the rate between them and on
 * the dividends paid there. Where these exceed the interest, the difference is owed.
 * A volatility that differs between expiries is a trade idea and no business of this detector.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 11.1 and 12.3 (calendar spreads); Merton (1973).
 */

import type { Chain, ChainSide, Leg } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { buy, callAssignment, candidateOf, dividendsOf, isExercisedIntoCash, isPricedOffFutures, sell } from '../statement.ts'

const NAME = 'calendar'

export const calendar: Detector = {
  name: NAME,
  about: 'An option that costs less than one that expires before it brings.',
  onOption(leg, desk) {
    const { chain, index } = leg
    let near = chain.earlier
    for (let n = 0; n < desk.expiries && near !== undefined; n++, near = near.earlier) {
      const at = near.indexOf(leg.strike)
      if (at >= 0) look(leg, near, at, chain, index, desk)
    }
    let far = chain.later
    for (let n = 0; n < desk.expiries && far !== undefined; n++, far = far.later) {
      const at = far.indexOf(leg.strike)
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
    const assumptions = right === 'C' ? callAssignment(near, terms) : []
    const worst = assumptions.length === 0 ? 0 : -dividendsOf(near, terms, strike)
    return desk.report(candidateOf({ ...package_, worth: 0, worst, assumptions }))
  }
  if (right === 'P') return desk.refuse(NAME, 'carry')
  const farTerms = desk.terms(far)
  const paid = dividendsOf(far, farTerms, strike) - dividendsOf(near, terms, strike)
  const worth = Math.min(0, strike * (terms.discount - farTerms.discount) - paid)
  if (!(worth + credit > LEAST_EDGE)) return desk.refuse(NAME, 'carry')
  // At the worst money brings nothing between the expiries.
  const worst = Math.min(0, worth, -paid)
  desk.report(candidateOf({ ...package_, worth, worst, assumptions: europeanAssumptions(farTerms, paid) }))
}

function europeanAssumptions(terms: ChainTerms, paid: number): Assumption[] {
  const assumptions: Assumption[] = []
  if (paid > 0) assumptions.push('dividends-as-expected')
  assumptions.push('forward-rate')
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  if (!terms.areDividendsKnown) assumptions.push('dividends-unknown')
  return assumptions
}

function sideOf(chain: Chain, right: 'C' | 'P'): ChainSide {
  return right === 'C' ? chain.calls : chain.puts
}
