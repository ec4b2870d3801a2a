/**
 * Vertical, K1 < K2: two calls, or two puts, of one expiry differ by no more than their strikes. Where the dearer one brings more than the
 * other costs and the width between, sell it and buy the other: the pair never owes more than the width.
 *
 * European: it owes the width at expiry at most, (K2 - K1) d. Guaranteed.
 * American: a short leg that is assigned early is answered with the long one, which costs the width then: the most of (K2 - K1) d(t) over its
 * days, K2 - K1 while no rate is negative. Guaranteed for puts, less the interest on K1 over the nights until the answer brings it. For calls while no ex-date lies inside of their life: assigned the evening before, the answer comes a day late and the dividend is
 * owed too, so that such a pair is only expected, and at the worst owes all dividends on top.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 12.3 (bull and bear spreads), and Merton, "Theory of rational option pricing" (1973).
 */

import type { Chain, ChainSide } from '../../state/chain.ts'
import { type ChainTerms, type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import type { Assumption } from '../opportunity.ts'
import { buy, callAssignment, candidateOf, isExercisedIntoCash, lateAnswerCost, latePutCost, sell } from '../statement.ts'

const NAME = 'vertical-bound'

export const verticalBound: Detector = {
  name: NAME,
  about: 'Two calls or two puts of one expiry that differ by more than their strikes.',
  onOption({ chain, side, index }, desk) {
    const terms = desk.terms(chain)
    const { strikes } = chain
    const { bidPrices, askPrices } = side
    const owed = chain.style === 'american' ? terms.discountRange.most : terms.discount
    const end = Math.min(chain.length - 1, index + desk.reach)
    const strike = strikes[index] as number
    // Of calls the lower strike is the dearer one, of puts the higher.
    const isCall = side === chain.calls
    const late = isCall ? 0 : latePutCost(chain, terms, 1)
    const [bid, ask] = [bidPrices[index] as number, askPrices[index] as number]
    let explained = 0
    for (let other = Math.max(0, index - desk.reach); other <= end; other++) {
      const isDear = isCall === other > index
      const credit = isDear ? bid - (askPrices[other] as number) : (bidPrices[other] as number) - ask
      const width = Math.abs((strikes[other] as number) - strike)
      const received = isDear ? (strikes[other] as number) : strike
      if (credit - width * owed - received * late > LEAST_EDGE) {
        if (other !== index) look(chain, side, isDear ? index : other, isDear ? other : index, terms, desk)
      } else if (credit - width > LEAST_EDGE) explained++
    }
    if (explained > 0) desk.refuse(NAME, 'carry', explained)
  },
}

function look(chain: Chain, side: ChainSide, dear: number, cheap: number, terms: ChainTerms, desk: Desk): void {
  const width = Math.abs(chain.strikeAt(dear) - chain.strikeAt(cheap))
  const isCall = side === chain.calls
  const late = isCall ? 0 : latePutCost(chain, terms, chain.strikeAt(cheap))
  const owed = width * (chain.style === 'american' ? terms.discountRange.most : terms.discount) + late
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  const assumptions: Assumption[] = isCall ? [...callAssignment(chain, terms)] : []
  const worst = assumptions.length === 0 ? -owed : -owed - lateAnswerCost(chain, terms, chain.strikeAt(dear))
  if (!terms.isRateKnown) assumptions.push('rate-unknown')
  const trades = dear < cheap ? [sell(side, dear), buy(side, cheap)] : [buy(side, cheap), sell(side, dear)]
  desk.report(candidateOf({ detector: NAME, trades, chain, worth: -owed, worst, assumptions, margin: width }))
}
