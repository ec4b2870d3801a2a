/**
 * Strike monotonicity, K1 < K2: of two calls of one expiry the lower strike is worth no less, of two puts the higher one. Where the better
 * right costs less than the other brings, buy it and sell the other: the pair never owes anything, and may pay up to the width.
 *
 * European: guaranteed.
 * American: a short leg that is assigned early is answered with the long one, which brings the width. Guaranteed for puts, less what the
 * interest on the higher strike, until the answer brings it, exceeds the width by, if it does. For calls while
 * no ex-date lies inside of their life: assigned the evening before, the answer comes a day late, and the dividend is owed against the
 * width, which may be less. Such a pair is only expected.
 * No rate is needed: nothing is owed at any time. For puts a high one is taken where none is known.
 * Source: Merton, "Theory of rational option pricing" (1973).
 */

import type { Chain, ChainSide } from '../../state/chain.ts'
import { type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import { buy, callAssignment, candidateOf, isExercisedIntoCash, lateAnswerCost, latePutCost, sell } from '../statement.ts'

const NAME = 'strike-monotonicity'

export const strikeMonotonicity: Detector = {
  name: NAME,
  about: 'A call that costs less than one of a higher strike brings, or a put less than one of a lower strike.',
  onOption({ chain, side, index }, desk) {
    const { bidPrices, askPrices } = side
    const isCall = side === chain.calls
    const end = Math.min(chain.length - 1, index + desk.reach)
    const [bid, ask] = [bidPrices[index] as number, askPrices[index] as number]
    for (let other = Math.max(0, index - desk.reach); other <= end; other++) {
      const isBetter = isCall === other > index
      const credit = isBetter ? (bidPrices[other] as number) - ask : bid - (askPrices[other] as number)
      if (credit > LEAST_EDGE && other !== index) propose(chain, side, isBetter ? index : other, isBetter ? other : index, desk)
    }
  },
}

/** @param better of calls the lower strike, of puts the higher one. */
function propose(chain: Chain, side: ChainSide, better: number, other: number, desk: Desk): void {
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  const terms = desk.terms(chain)
  const isCall = side === chain.calls
  const assumptions = isCall ? callAssignment(chain, terms) : []
  const width = Math.abs(chain.strikeAt(other) - chain.strikeAt(better))
  const late = isCall ? 0 : latePutCost(chain, terms, chain.strikeAt(better))
  const worth = Math.min(0, width * terms.discountRange.least - late)
  const worst =
    assumptions.length === 0 ? worth : Math.min(0, width * terms.discountRange.least - lateAnswerCost(chain, terms, chain.strikeAt(other)))
  const trades = better < other ? [buy(side, better), sell(side, other)] : [sell(side, other), buy(side, better)]
  const candidate = candidateOf({ detector: NAME, trades, chain, worth, worst, assumptions })
  if (candidate.worth - candidate.cost > LEAST_EDGE) desk.report(candidate)
  else desk.refuse(NAME, 'carry')
}
