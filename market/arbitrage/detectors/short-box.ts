/**
 * Short box, K1 < K2: sell the call and buy the put of K1, buy the call and sell the put of K2. It brings money today and owes K2 - K1 at
 * expiry: a loan from the market, at the implied rate ln((K2 - K1) / proceeds) / T.
 *
 * European: guaranteed, it owes (K2 - K1) d.
 * American: expected only, as the short call or the short put may be exercised at any time. Where that is due at once, because a dividend or
 * interest exceeds the time value of a short leg, it is no box, and is refused as carry: what the short leg brings above a European one is
 * the price of the right to exercise early. At the worst the put is assigned today and the underlying kept, which the rest makes K1 at
 * expiry; or the call is assigned first, the underlying stays short and owes its dividends and its borrow fee, and K2 is paid in the end:
 * the most of K2 d(t), less the least of K1 d(t), and PV(D) and the fee. That is a conversion at K1 with a reversal at K2 (facts of both: Hull, ch. 11.4), whose
 * underlyings cancel.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 12.3.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import {
  borrowCost,
  buy,
  callAssignment,
  candidateOf,
  dividendsOf,
  impliedRate,
  isExerciseDue,
  isExercisedIntoCash,
  sell,
} from '../statement.ts'

const NAME = 'short-box'

export const shortBox: Detector = {
  name: NAME,
  about: 'Four options of two strikes that owe the width between them, sold for more than that is worth today.',
  onOption({ chain, index }, desk) {
    const terms = desk.terms(chain)
    const { calls, puts, strikes } = chain
    const strike = chain.strikeAt(index)
    // Of what brings less than this nothing is to be said: neither an edge nor carry.
    const least = Math.min(1, terms.discount)
    const asHigh = (puts.bidPrices[index] as number) - (calls.askPrices[index] as number)
    for (let low = Math.max(0, index - desk.reach); low < index; low++) {
      const proceeds = asHigh + (calls.bidPrices[low] as number) - (puts.askPrices[low] as number)
      if (proceeds > least * (strike - (strikes[low] as number))) look(chain, low, index, terms, desk)
    }
    const end = Math.min(chain.length - 1, index + desk.reach)
    const asLow = (calls.bidPrices[index] as number) - (puts.askPrices[index] as number)
    for (let high = index + 1; high <= end; high++) {
      const proceeds = asLow + (puts.bidPrices[high] as number) - (calls.askPrices[high] as number)
      if (proceeds > least * ((strikes[high] as number) - strike)) look(chain, index, high, terms, desk)
    }
  },
}

function look(chain: Chain, low: number, high: number, terms: ChainTerms, desk: Desk): void {
  const { calls, puts } = chain
  const proceeds =
    (calls.bidPrices[low] as number) -
    (calls.askPrices[high] as number) +
    (puts.bidPrices[high] as number) -
    (puts.askPrices[low] as number)
  const width = chain.strikeAt(high) - chain.strikeAt(low)
  const owed = width * terms.discount
  if (!(proceeds - owed > LEAST_EDGE)) {
    if (proceeds - width > LEAST_EDGE) desk.refuse(NAME, 'carry')
    return
  }
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  if (isExerciseDue(chain, terms, 'C', low) || isExerciseDue(chain, terms, 'P', high)) return desk.refuse(NAME, 'carry')
  desk.report(
    candidateOf({
      detector: NAME,
      trades: [sell(calls, low), buy(puts, low), buy(calls, high), sell(puts, high)],
      chain,
      worth: -owed,
      worst: chain.style === 'american' ? -owedAtWorst(chain, low, high, terms) : -owed,
      assumptions: assumptionsOf(chain, terms),
      margin: width,
      impliedRate: impliedRate(proceeds, width, terms.days),
    }),
  )
}

function assumptionsOf(chain: Chain, terms: ChainTerms): Assumption[] {
  const assumptions: Assumption[] = chain.style === 'american' ? ['no-early-exercise'] : []
  if (callAssignment(chain, terms).includes('dividends-unknown')) assumptions.push('dividends-unknown')
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  return assumptions
}

function owedAtWorst(chain: Chain, low: number, high: number, terms: ChainTerms): number {
  const [lowStrike, highStrike] = [chain.strikeAt(low), chain.strikeAt(high)]
  const { least, most } = terms.discountRange
  const interest = highStrike * most - lowStrike * least
  return interest + dividendsOf(chain, terms, highStrike) + borrowCost(chain, terms, highStrike)
}
