/**
 * The underlying sold short and a put sold, the call of the same strike bought: it ends in buying the underlying back at the strike.
 * Hull, Options, Futures, and Other Derivatives, ch. 11.4.
 *
 * American: the put may be assigned today, so the strike is owed at once (and at expiry, should rates be negative); whoever is short owes all
 * dividends until expiry, and the fee for the shares that were borrowed: the most of K d(t) over its days, which is K while no rate is
 * negative, and PV(D) and the fee. European: K d + PV(D) + borrow. Where
 * no borrow fee is known, there may be no shares to borrow at all.
 */

import type { ExerciseStyle } from '../../option/bounds.ts'
import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { borrowCost, buy, candidateOf, dividendsOf, sell, sellUnderlying } from '../statement.ts'

const NAME = 'reversal'

export const reversal: Detector = {
  name: NAME,
  about: 'Underlying and put sold and the call of that strike bought, for more than buying back at the strike costs.',
  onOption({ chain, index }, desk) {
    look(chain, index, desk, desk.terms(chain))
  },
  onUnderlying(chain, desk) {
    const terms = desk.terms(chain)
    for (let i = 0; i < chain.length; i++) look(chain, i, desk, terms)
  },
}

function look(chain: Chain, index: number, desk: Desk, terms: ChainTerms): void {
  const strike = chain.strikeAt(index)
  const { underlying, puts, calls, style } = chain
  const income = underlying.bidPrice + (puts.bidPrices[index] as number) - (calls.askPrices[index] as number)
  const { discount, discountRange } = terms
  if (!(income > strike * discountRange.least)) return
  const price = underlying.bidPrice
  const held = dividendsOf(chain, terms, price) + borrowCost(chain, terms, price)
  const owed = strike * (style === 'american' ? discountRange.most : discount) + held
  if (!(income - owed > LEAST_EDGE)) {
    if (income - strike > LEAST_EDGE) desk.refuse(NAME, 'carry')
    return
  }
  if (underlying.isIndex) return desk.refuse(NAME, 'underlying-not-executable')
  const trades = [sellUnderlying(underlying), sell(puts, index), buy(calls, index)]
  // What the shares bring when they are sold stays with their lender.
  desk.report(candidateOf({ detector: NAME, trades, chain, worth: -owed, assumptions: assumptionsOf(terms, style), margin: price }))
}

function assumptionsOf({ isRateKnown, areDividendsKnown, isBorrowKnown }: ChainTerms, style: ExerciseStyle): Assumption[] {
  const assumptions: Assumption[] = []
  // American: interest would only lower what is owed.
  if (!isRateKnown && style === 'european') assumptions.push('rate-unknown')
  if (!areDividendsKnown) assumptions.push('dividends-unknown')
  if (!isBorrowKnown) assumptions.push('borrow-stays', 'borrow-unknown')
  return assumptions
}
