/**
 * The underlying and a put bought, the call of the same strike sold: whoever exercises, it ends in the strike. Hull, Options, Futures, and
 * Other Derivatives, ch. 11.4.
 *
 * American: the call may be assigned on any day, so the strike comes at the latest at expiry, and dividends are counted for nothing: it is
 * worth the least of K d(t) over its days, guaranteed, which is K d while no rate is negative. With all dividends,
 * K d + PV(D), it is expected only, and refused as carry where a dividend may exceed what waiting brings the holder of the call (the interest on
 * the strike until the next one, ch. 15.12): the dividend is in the call's price then.
 * European: nothing can happen before expiry. K d + PV(D) is guaranteed when the settings name the dividends; what a broker expects, or a
 * company announced, may still be cut, and K d alone is certain.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import { buy, buyUnderlying, candidateOf, dividendsExpected, dividendsOf, sell } from '../statement.ts'

const NAME = 'conversion'

export const conversion: Detector = {
  name: NAME,
  about: 'Underlying and put bought and the call of that strike sold, for less than the strike is worth.',
  onOption({ chain, index }, desk) {
    scan(chain, index, index + 1, desk)
  },
  onUnderlying(chain, desk) {
    scan(chain, 0, chain.length, desk)
  },
}

function scan(chain: Chain, from: number, to: number, desk: Desk): void {
  const { strikes } = chain
  const { askPrices } = chain.puts
  const { bidPrices } = chain.calls
  const spot = chain.underlying.askPrice
  const terms = desk.terms(chain)
  // With all that it may bring, whether it is exercised early or not.
  const { discount } = terms
  const income = Math.max(0, dividendsOf(chain, terms, spot))
  let explained = 0
  for (let i = from; i < to; i++) {
    const strike = strikes[i] as number
    const cost = spot + (askPrices[i] as number) - (bidPrices[i] as number)
    if (strike * discount + income - cost > LEAST_EDGE) look(chain, i, desk, terms)
    else if (strike - cost > LEAST_EDGE) explained++
  }
  if (explained > 0) desk.refuse(NAME, 'carry', explained)
}

function look(chain: Chain, index: number, desk: Desk, terms: ChainTerms): void {
  const strike = chain.strikeAt(index)
  const { underlying, puts, calls } = chain
  const cost = underlying.askPrice + (puts.askPrices[index] as number) - (calls.bidPrices[index] as number)
  const { discount, discountRange } = terms
  const isAmerican = chain.style === 'american'
  const paid = strike * discount + dividendsOf(chain, terms, underlying.askPrice)
  const guaranteed = isAmerican ? strike * discountRange.least : terms.areDividendsPromised ? paid : strike * discount
  const isGuaranteed = guaranteed - cost > LEAST_EDGE
  const worth = isGuaranteed ? guaranteed : paid
  if (underlying.isIndex) return desk.refuse(NAME, 'underlying-not-executable')
  if (isAmerican && !isGuaranteed && strike < terms.neverExercisedFrom) return desk.refuse(NAME, 'carry')
  const assumptions = isGuaranteed ? [] : dividendsExpected(chain)
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  const trades = [buyUnderlying(underlying), buy(puts, index), sell(calls, index)]
  desk.report(candidateOf({ detector: NAME, trades, chain, worth, worst: guaranteed, assumptions }))
}
