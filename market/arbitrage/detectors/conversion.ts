/**
 * The underlying and a put bought, the call of the same strike sold: whoever exercises, it ends in the strike. Hull, Options, Futures, and
 * Other Derivatives, ch. 11.4.
 *
 * American: the call may be assigned on any day, so the strike comes at the latest at expiry, and dividends are counted for nothing. With
 * all dividends, and the strike at expiry, it is expected only. European: dividends are part of it.
 */

import { continuousCost } from '../../option/carry.ts'
import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption, Candidate } from '../opportunity.ts'

const NAME = 'conversion'

export const conversion: Detector = {
  name: NAME,
  about: 'Underlying and put bought and the call of that strike sold, for less than the strike is worth.',
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
  const spot = chain.underlying.askPrice
  const cost = spot + (chain.puts.askPrices[index] as number) - (chain.calls.bidPrices[index] as number)
  const { discount } = terms
  // What exceeds neither the strike nor, with dividends or negative rates, what it may be worth, has no edge under any terms.
  const income = terms.dividends + continuousCost(spot, terms.dividendYield, terms.days)
  const isAmerican = chain.style === 'american'
  const guaranteed = isAmerican ? strike * Math.min(1, discount) : strike * discount + income
  if (guaranteed - cost > LEAST_EDGE) {
    const assumptions = unknowns(terms, !isAmerican)
    desk.report(candidate(chain, index, { worth: guaranteed, cost, certainty: 'guaranteed', assumptions }))
  } else if (isAmerican && income > 0 && strike * discount + income - cost > LEAST_EDGE) {
    const assumptions: Assumption[] = ['no-early-exercise', 'dividends-as-expected', ...unknowns(terms, true)]
    desk.report(candidate(chain, index, { worth: strike * discount + income, cost, certainty: 'expected', assumptions, worst: guaranteed }))
  } else if (strike - cost > LEAST_EDGE) desk.refuse(NAME, 'carry')
}

function unknowns({ isRateKnown, areDividendsKnown }: ChainTerms, countsDividends: boolean): Assumption[] {
  const assumptions: Assumption[] = []
  if (!isRateKnown) assumptions.push('rate-unknown')
  if (countsDividends && !areDividendsKnown) assumptions.push('dividends-unknown')
  return assumptions
}

type Statement = Pick<Candidate, 'worth' | 'cost' | 'certainty' | 'assumptions' | 'worst'>

function candidate({ underlying, puts, calls, expiry }: Chain, index: number, statement: Statement): Candidate {
  return {
    detector: NAME,
    trades: [
      { instrument: underlying.instrument as number, side: 'buy', ratio: 1, price: underlying.askPrice },
      { instrument: puts.instruments[index] as number, side: 'buy', ratio: 1, price: puts.askPrices[index] as number },
      { instrument: calls.instruments[index] as number, side: 'sell', ratio: 1, price: calls.bidPrices[index] as number },
    ],
    expiry,
    lastExpiry: expiry,
    capital: statement.cost,
    ...statement,
  }
}
