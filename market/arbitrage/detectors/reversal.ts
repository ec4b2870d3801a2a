/**
 * The underlying sold short and a put sold, the call of the same strike bought: it ends in buying the underlying back at the strike.
 * Hull, Options, Futures, and Other Derivatives, ch. 11.4.
 *
 * American: the put may be assigned today, so the strike is owed at once (and at expiry, should rates be negative); whoever is short owes all
 * dividends until expiry, and the fee for the shares that were borrowed.
 */

import { continuousCost } from '../../option/carry.ts'
import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'

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
  const { underlying, puts, calls, expiry } = chain
  const spot = underlying.bidPrice
  const income = spot + (puts.bidPrices[index] as number) - (calls.askPrices[index] as number)
  const { discount, days } = terms
  const isAmerican = chain.style === 'american'
  const owed = terms.dividends + continuousCost(spot, terms.dividendYield + terms.borrow, days)
  const worth = -(strike * (isAmerican ? Math.max(1, discount) : discount) + owed)
  if (worth + income > LEAST_EDGE)
    desk.report({
      detector: NAME,
      trades: [
        { instrument: underlying.instrument as number, side: 'sell', ratio: 1, price: spot },
        { instrument: puts.instruments[index] as number, side: 'sell', ratio: 1, price: puts.bidPrices[index] as number },
        { instrument: calls.instruments[index] as number, side: 'buy', ratio: 1, price: calls.askPrices[index] as number },
      ],
      expiry,
      lastExpiry: expiry,
      worth,
      cost: -income,
      certainty: terms.isBorrowKnown ? 'guaranteed' : 'expected',
      assumptions: assumptionsOf(terms, isAmerican),
      // What the shares bring when they are sold stays with the lender.
      capital: spot,
    })
  else if (income - strike > LEAST_EDGE) desk.refuse(NAME, 'carry')
}

function assumptionsOf({ isRateKnown, areDividendsKnown, isBorrowKnown }: ChainTerms, isAmerican: boolean): Assumption[] {
  const assumptions: Assumption[] = []
  // Without early exercise interest works for the seller: taking none is safe but for negative rates, which somebody would have named.
  if (!isRateKnown && !isAmerican) assumptions.push('rate-unknown')
  if (!areDividendsKnown) assumptions.push('dividends-unknown')
  if (!isBorrowKnown) assumptions.push('borrow-stays', 'borrow-unknown')
  return assumptions
}
