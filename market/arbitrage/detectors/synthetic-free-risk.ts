/**
 * Synthetic free risk, a collar of two strikes Kp < Kc: buy the underlying and the put of Kp, sell the call of Kc. At expiry the package is
 * worth Kp at the least and Kc at the most. Where it costs less than the least is worth today, nothing can be lost:
 * debit = S ask + P ask - C bid, least = Kp d - debit, most = least + (Kc - Kp) d, and the debit is what it ties up.
 *
 * American: guaranteed without the dividends. The short call may be assigned on any day, and is on the evening before an ex-date; it brings
 * Kc then, worth Kc d(t), and the put is left over. So the least is Kp d, or the least of Kc d(t) over its days, which is more unless rates
 * are negative.
 * With the dividends, Kp d + PV(D), it is only expected, and refused as carry where a dividend may exceed what waiting brings the holder of
 * the call, the interest on its strike until the next one (ch. 15.12): the dividend is in the call's price then.
 * European: nothing can happen before expiry. Kp d + PV(D) is guaranteed when the settings name the dividends, and Kp d otherwise. They are on
 * indices, mostly, which nobody can buy.
 * Source: a conversion (Hull, Options, Futures, and Other Derivatives, ch. 11.4) whose call has a higher strike.
 */

import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import { buy, buyUnderlying, candidateOf, dividendsExpected, dividendsOf, sell } from '../statement.ts'

const NAME = 'synthetic-free-risk'

export const syntheticFreeRisk: Detector = {
  name: NAME,
  about: 'The underlying with a put and against a call of a higher strike, for less than the put alone brings back.',
  onOption({ chain, right, index }, desk) {
    if (right === 'P') scan(chain, index, index, index + 1, index + desk.reach, desk)
    else scan(chain, index - desk.reach, index - 1, index, index, desk)
  },
  onUnderlying(chain, desk) {
    scan(chain, 0, chain.length - 2, 1, chain.length - 1, desk)
  },
}

/** Puts and calls of these indices, both ends included, the call above the put and within reach of it. */
function scan(chain: Chain, firstPut: number, lastPut: number, firstCall: number, lastCall: number, desk: Desk): void {
  const { strikes } = chain
  const { askPrices } = chain.puts
  const { bidPrices } = chain.calls
  const spot = chain.underlying.askPrice
  const terms = desk.terms(chain)
  const { reach } = desk
  const { discount } = terms
  const dividends = dividendsOf(chain, terms, 0)
  const last = Math.min(chain.length - 1, lastCall)
  let explained = 0
  for (let put = Math.max(0, firstPut); put <= lastPut; put++) {
    const strike = strikes[put] as number
    // What the call must bring, with all that the rest may, and at zero rates.
    const paid = spot + (askPrices[put] as number) + LEAST_EDGE
    const needed = paid - strike * discount - dividends
    const neededWithoutCarry = paid - strike
    const end = Math.min(last, put + reach)
    for (let call = Math.max(firstCall, put + 1); call <= end; call++) {
      const bid = bidPrices[call] as number
      if (bid > needed) look(chain, put, call, terms, dividends, desk)
      else if (bid > neededWithoutCarry) explained++
    }
  }
  if (explained > 0) desk.refuse(NAME, 'carry', explained)
}

function look(chain: Chain, putAt: number, callAt: number, terms: ChainTerms, dividends: number, desk: Desk): void {
  const { underlying, calls, puts } = chain
  const debit = underlying.askPrice + (puts.askPrices[putAt] as number) - (calls.bidPrices[callAt] as number)
  const strike = chain.strikeAt(putAt)
  const isAmerican = chain.style === 'american'
  const least = strike * terms.discount
  const kept = least + dividends
  const early = chain.strikeAt(callAt) * terms.discountRange.least
  const guaranteed = isAmerican ? Math.min(least, early) : terms.areDividendsPromised ? kept : least
  const isGuaranteed = guaranteed - debit > LEAST_EDGE
  const worth = isGuaranteed ? guaranteed : kept
  if (underlying.isIndex) return desk.refuse(NAME, 'underlying-not-executable')
  if (isAmerican && !isGuaranteed && chain.strikeAt(callAt) < terms.neverExercisedFrom) return desk.refuse(NAME, 'carry')
  const assumptions = isGuaranteed ? [] : dividendsExpected(chain)
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  const trades = [buyUnderlying(underlying), buy(puts, putAt), sell(calls, callAt)]
  desk.report(candidateOf({ detector: NAME, trades, chain, worth, worst: guaranteed, assumptions }))
}
