/**
 * The underlying sold short and a put sold, the call of the same strike bought: it ends in buying the underlying back at the strike.
 * Hull, Options, Futures, and Other Derivatives, ch. 11.4.
 *
 * American: the put may be assigned today, so the strike is owed at once (and at expiry, should rates be negative); whoever is short owes all
 * dividends until expiry, and the fee for the shares that were borrowed: the most of K d(t) over its days, which is K while no rate is
 * negative, and PV(D) and the fee. European: K d + PV(D) + borrow. Where no borrow fee is known, there may be no shares to borrow at all.
 * Guaranteed only with dividends that the settings name: a broker's are guesses after the next one, and of announced ones only the next is
 * known. Each that was not thought of is owed.
 */

import { continuousCost } from '../../option/carry.ts'
import type { Chain } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { buy, candidateOf, sell, sellUnderlying } from '../statement.ts'

const NAME = 'reversal'

export const reversal: Detector = {
  name: NAME,
  about: 'Underlying and put sold and the call of that strike bought, for more than buying back at the strike costs.',
  onOption({ chain, index }, desk) {
    scan(chain, index, index + 1, desk)
  },
  onUnderlying(chain, desk) {
    scan(chain, 0, chain.length, desk)
  },
}

function scan(chain: Chain, from: number, to: number, desk: Desk): void {
  const { strikes, style } = chain
  const { askPrices } = chain.calls
  const { bidPrices } = chain.puts
  const spot = chain.underlying.bidPrice
  const terms = desk.terms(chain)
  const { dividends, dividendYield, borrow, days } = terms
  const held = dividends + continuousCost(spot, dividendYield + borrow, days)
  const discount = style === 'american' ? terms.discountRange.most : terms.discount
  let explained = 0
  for (let i = from; i < to; i++) {
    const strike = strikes[i] as number
    const income = spot + (bidPrices[i] as number) - (askPrices[i] as number)
    if (income - strike * discount - held > LEAST_EDGE) propose(chain, i, strike * discount + held, terms, desk)
    else if (income - strike > LEAST_EDGE) explained++
  }
  if (explained > 0) desk.refuse(NAME, 'carry', explained)
}

function propose(chain: Chain, index: number, owed: number, terms: ChainTerms, desk: Desk): void {
  const { underlying, puts, calls } = chain
  if (underlying.isIndex) return desk.refuse(NAME, 'underlying-not-executable')
  const trades = [sellUnderlying(underlying), sell(puts, index), buy(calls, index)]
  const assumptions = assumptionsOf(terms)
  // What the shares bring when they are sold stays with their lender.
  desk.report(candidateOf({ detector: NAME, trades, chain, worth: -owed, assumptions, margin: underlying.bidPrice }))
}

function assumptionsOf({ isRateKnown, areDividendsKnown, areDividendsPromised, isBorrowKnown }: ChainTerms): Assumption[] {
  const assumptions: Assumption[] = []
  if (!isRateKnown) assumptions.push('rate-unknown')
  if (!areDividendsKnown) assumptions.push('dividends-unknown')
  else if (!areDividendsPromised) assumptions.push('dividends-as-expected')
  if (!isBorrowKnown) assumptions.push('borrow-stays', 'borrow-unknown')
  return assumptions
}
