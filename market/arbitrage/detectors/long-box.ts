/**
 * Long box, K1 < K2: buy the call and sell the put of K1, sell the call and buy the put of K2. At expiry the four pay K2 - K1 whatever the
 * underlying does, so that a box is a loan to the market: it is worth (K2 - K1) d, and its implied rate is ln((K2 - K1) / cost) / T. One that
 * costs less than its width but more than its worth lends below what money brings elsewhere.
 *
 * European: guaranteed; nothing can happen before expiry, and dividends do not matter.
 * American: a short leg that is assigned early is answered with the long one of the same right, which brings the width then, and what is left
 * of the other right owes nothing. So it is worth the least of (K2 - K1) d(t) over its days, less the interest on K1, which an assigned put takes
 * some nights before the answer brings K2. Guaranteed while no ex-date lies inside of its life: the short call is assigned the evening
 * before, the answer comes a day late, and the dividend is owed. At the worst one is, for all dividends.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 12.3 (box spreads).
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { buy, callAssignment, candidateOf, impliedRate, isExercisedIntoCash, lateAnswerCost, latePutCost, sell } from '../statement.ts'

const NAME = 'long-box'

export const longBox: Detector = {
  name: NAME,
  about: 'Four options of two strikes that pay the width between them, bought for less than that is worth today.',
  onOption({ chain, index }, desk) {
    const terms = desk.terms(chain)
    const { strikes, calls, puts } = chain
    const most = chain.style === 'american' ? terms.discountRange.least : terms.discount
    const late = latePutCost(chain, terms, 1)
    const end = Math.min(chain.length - 1, index + desk.reach)
    const strike = strikes[index] as number
    const asLow = (calls.askPrices[index] as number) - (puts.bidPrices[index] as number)
    const asHigh = (puts.askPrices[index] as number) - (calls.bidPrices[index] as number)
    let explained = 0
    for (let low = Math.max(0, index - desk.reach); low < index; low++) {
      const cost = (calls.askPrices[low] as number) - (puts.bidPrices[low] as number) + asHigh
      const lowStrike = strikes[low] as number
      const width = strike - lowStrike
      if (width * most - lowStrike * late - cost > LEAST_EDGE) look(chain, low, index, terms, desk)
      else if (width - cost > LEAST_EDGE) explained++
    }
    for (let high = index + 1; high <= end; high++) {
      const cost = asLow + (puts.askPrices[high] as number) - (calls.bidPrices[high] as number)
      const width = (strikes[high] as number) - strike
      if (width * most - strike * late - cost > LEAST_EDGE) look(chain, index, high, terms, desk)
      else if (width - cost > LEAST_EDGE) explained++
    }
    if (explained > 0) desk.refuse(NAME, 'carry', explained)
  },
}

function look(chain: Chain, low: number, high: number, terms: ChainTerms, desk: Desk): void {
  const { calls, puts } = chain
  const cost =
    (calls.askPrices[low] as number) -
    (calls.bidPrices[high] as number) +
    (puts.askPrices[high] as number) -
    (puts.bidPrices[low] as number)
  const width = chain.strikeAt(high) - chain.strikeAt(low)
  const isAmerican = chain.style === 'american'
  const late = latePutCost(chain, terms, chain.strikeAt(low))
  const worth = width * (isAmerican ? terms.discountRange.least : terms.discount) - late
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  const assumptions: Assumption[] = [...callAssignment(chain, terms)]
  const worst = assumptions.length === 0 ? worth : worth - lateAnswerCost(chain, terms, chain.strikeAt(high))
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  desk.report(
    candidateOf({
      detector: NAME,
      trades: [buy(calls, low), sell(puts, low), sell(calls, high), buy(puts, high)],
      chain,
      worth,
      worst,
      assumptions,
      impliedRate: impliedRate(cost, width, terms.days),
    }),
  )
}
