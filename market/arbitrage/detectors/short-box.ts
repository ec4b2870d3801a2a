/**
 * Short box, K1 < K2: sell the call and buy the put of K1, buy the call and sell the put of K2. It brings money today and owes K2 - K1 at
 * expiry: a loan from the market, at the implied rate ln((K2 - K1) / proceeds) / T.
 *
 * European: guaranteed, it owes (K2 - K1) d.
 * American: the short put and the short call may be exercised at any time, and the right to do so is part of what they bring: more than
 * (K2 - K1) d is what a healthy market pays for such a box, and no edge. At the worst the put is assigned today and the underlying kept, which the
 * rest makes K1 at expiry; or the call is assigned first, the underlying stays short and owes its dividends and its borrow fee, and K2 is
 * paid in the end: the most of K2 d(t), less the least of K1 d(t), and PV(D) and the fee. That is a conversion at K1 with a reversal at K2
 * (Hull, Options, Futures, and Other Derivatives, ch. 11.4), whose underlyings cancel. What brings more than that is named, and still only
 * expected: an assignment ties up the whole strike, which is many times what was put up.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 12.3.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { borrowCost, buy, candidateOf, dividendsOf, impliedRate, isExercisedIntoCash, sell } from '../statement.ts'

const NAME = 'short-box'

export const shortBox: Detector = {
  name: NAME,
  about: 'Four options of two strikes that owe the width between them, sold for more than that is worth today.',
  onOption({ chain, index }, desk) {
    const terms = desk.terms(chain)
    const { strikes, calls, puts } = chain
    const { discount } = terms
    const end = Math.min(chain.length - 1, index + desk.reach)
    const strike = strikes[index] as number
    const asLow = (calls.bidPrices[index] as number) - (puts.askPrices[index] as number)
    const asHigh = (puts.bidPrices[index] as number) - (calls.askPrices[index] as number)
    let explained = 0
    for (let low = Math.max(0, index - desk.reach); low < index; low++) {
      const proceeds = (calls.bidPrices[low] as number) - (puts.askPrices[low] as number) + asHigh
      const width = strike - (strikes[low] as number)
      if (proceeds - width * discount > LEAST_EDGE) look(chain, low, index, terms, desk)
      else if (proceeds - width > LEAST_EDGE) explained++
    }
    for (let high = index + 1; high <= end; high++) {
      const proceeds = asLow + (puts.bidPrices[high] as number) - (calls.askPrices[high] as number)
      const width = (strikes[high] as number) - strike
      if (proceeds - width * discount > LEAST_EDGE) look(chain, index, high, terms, desk)
      else if (proceeds - width > LEAST_EDGE) explained++
    }
    if (explained > 0) desk.refuse(NAME, 'carry', explained)
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
  const isAmerican = chain.style === 'american'
  const owed = isAmerican ? owedAtWorst(chain, low, high, terms) : width * terms.discount
  if (!(proceeds - owed > LEAST_EDGE)) {
    if (proceeds - width > LEAST_EDGE) desk.refuse(NAME, 'carry')
    return
  }
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  desk.report(
    candidateOf({
      detector: NAME,
      trades: [sell(calls, low), buy(puts, low), buy(calls, high), sell(puts, high)],
      chain,
      worth: -owed,
      worst: -owed,
      assumptions: assumptionsOf(terms, isAmerican),
      margin: width,
      impliedRate: impliedRate(proceeds, width, terms.days),
    }),
  )
}

function assumptionsOf({ isRateKnown, areDividendsKnown, isBorrowKnown }: ChainTerms, isAmerican: boolean): Assumption[] {
  const assumptions: Assumption[] = isAmerican ? ['no-early-exercise', 'borrow-stays'] : []
  if (!isRateKnown) assumptions.push('rate-unknown')
  if (isAmerican && !areDividendsKnown) assumptions.push('dividends-unknown')
  if (isAmerican && !isBorrowKnown) assumptions.push('borrow-unknown')
  return assumptions
}

function owedAtWorst(chain: Chain, low: number, high: number, terms: ChainTerms): number {
  const [lowStrike, highStrike] = [chain.strikeAt(low), chain.strikeAt(high)]
  const { least, most } = terms.discountRange
  const interest = highStrike * most - lowStrike * least
  return interest + dividendsOf(chain, terms, highStrike) + borrowCost(chain, terms, highStrike)
}
