/**
 * Synthetic free risk, a collar of two strikes Kp < Kc: buy the underlying and the put of Kp, sell the call of Kc. At expiry the package is
 * worth Kp at the least and Kc at the most. Where it costs less than the least is worth today, nothing can be lost:
 * debit = S ask + P ask - C bid, least = Kp d - debit, most = least + (Kc - Kp) d, and the debit is what it ties up.
 *
 * American: guaranteed without the dividends. The short call may be assigned on any day, and is on the evening before an ex-date; it brings
 * Kc then, worth Kc d(t), and the put is left over. So the least is Kp d, or the least of Kc d(t) over its days, which is more unless rates
 * are negative.
 * With the dividends, Kp d + PV(D), it is only expected, and refused as carry where the dividends exceed the short call's time value: it will
 * be assigned.
 * European: nothing can happen before expiry, and Kp d + PV(D) is guaranteed. They are on indices, mostly, which nobody can buy.
 * Source: a conversion (Hull, Options, Futures, and Other Derivatives, ch. 11.4) whose call has a higher strike.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { buy, buyUnderlying, candidateOf, dividendsOf, isExerciseDue, sell } from '../statement.ts'

const NAME = 'synthetic-free-risk'

export const syntheticFreeRisk: Detector = {
  name: NAME,
  about: 'The underlying with a put and against a call of a higher strike, for less than the put alone brings back.',
  onOption({ chain, right, index }, desk) {
    const terms = desk.terms(chain)
    const dividends = dividendsOf(chain, terms, 0)
    if (right === 'P') return lookAtPut(chain, index, terms, dividends, desk)
    // A debit that is not below this leaves nothing to be said: neither an edge nor carry.
    const most = Math.max(1, terms.discount)
    const price = chain.underlying.askPrice - (chain.calls.bidPrices[index] as number) - dividends
    for (let put = Math.max(0, index - desk.reach); put < index; put++)
      if (price + (chain.puts.askPrices[put] as number) < chain.strikeAt(put) * most) look(chain, put, index, terms, dividends, desk)
  },
  onUnderlying(chain, desk) {
    const terms = desk.terms(chain)
    const dividends = dividendsOf(chain, terms, 0)
    for (let put = 0; put < chain.length - 1; put++) lookAtPut(chain, put, terms, dividends, desk)
  },
}

function lookAtPut(chain: Chain, put: number, terms: ChainTerms, dividends: number, desk: Desk): void {
  const { bidPrices } = chain.calls
  // A call that brings less leaves nothing to be said: neither an edge nor carry.
  const most = chain.strikeAt(put) * Math.max(1, terms.discount) + dividends
  const least = chain.underlying.askPrice + (chain.puts.askPrices[put] as number) - most
  const end = Math.min(chain.length - 1, put + desk.reach)
  for (let call = put + 1; call <= end; call++) if ((bidPrices[call] as number) > least) look(chain, put, call, terms, dividends, desk)
}

function look(chain: Chain, putAt: number, callAt: number, terms: ChainTerms, dividends: number, desk: Desk): void {
  const { underlying, calls, puts } = chain
  const debit = underlying.askPrice + (puts.askPrices[putAt] as number) - (calls.bidPrices[callAt] as number)
  const strike = chain.strikeAt(putAt)
  const { discount } = terms
  const kept = strike * discount + dividends
  const guaranteed = chain.style === 'european' ? kept : Math.min(strike * discount, chain.strikeAt(callAt) * terms.discountRange.least)
  const isGuaranteed = guaranteed - debit > LEAST_EDGE
  const worth = isGuaranteed ? guaranteed : kept
  if (!(worth - debit > LEAST_EDGE)) {
    if (strike - debit > LEAST_EDGE) desk.refuse(NAME, 'carry')
    return
  }
  if (underlying.isIndex) return desk.refuse(NAME, 'underlying-not-executable')
  if (!isGuaranteed && isExerciseDue(chain, terms, 'C', callAt)) return desk.refuse(NAME, 'carry')
  const assumptions: Assumption[] = isGuaranteed ? [] : ['no-early-exercise', 'dividends-as-expected']
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  const trades = [buyUnderlying(underlying), buy(puts, putAt), sell(calls, callAt)]
  desk.report(candidateOf({ detector: NAME, trades, chain, worth, worst: guaranteed, assumptions }))
}
