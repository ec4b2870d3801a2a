/**
 * Butterfly, K1 < K2 < K3, wings of any width: prices are convex in the strike, C(K2) <= w C(K1) + (1 - w) C(K3) with
 * w = (K3 - K2) / (K3 - K1), puts likewise. Where the middle brings more than its share of the wings costs, sell it and buy them, in whole
 * contracts: K3 - K2 of K1, K3 - K1 of K2 and K2 - K1 of K3, divided by what these have in common. The package never owes anything.
 *
 * European: guaranteed.
 * American: of the short middle any number m may be assigned early. The answer is the wing that is in the money by more, which brings m times
 * the distance of its strike, and what is left owes no more than that, at expiry (worked out for m below and above that wing's number; the
 * sum of strikes is zero). Guaranteed for puts; for calls while no ex-date lies inside of their life, as the answer comes a day late and each
 * assigned call owes the dividend. Puts owe the interest on the strikes that come so late, which are those of the middle when all of it is
 * assigned; a high rate is taken where none is known. What the answer brings waits until expiry: with a negative rate that costs up to
 * (K3 - K2)(K2 - K1), per unit of the ratios, times what the discount rises.
 * Source: Merton, "Theory of rational option pricing" (1973); Hull, Options, Futures, and Other Derivatives, ch. 12.3.
 */

import type { Chain, ChainSide } from '../../state/chain.ts'
import { type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import { buy, callAssignment, candidateOf, isExercisedIntoCash, lateAnswerCost, latePutCost, sell } from '../statement.ts'

const NAME = 'butterfly'
/** Strikes have three digits behind the point at most. */
const STRIKE_UNITS = 1000

export const butterfly: Detector = {
  name: NAME,
  about: 'A middle strike that brings more than its share of two wings costs.',
  onOption({ chain, side, index }, desk) {
    const { bidPrices, askPrices } = side
    const strikes = chain.strikes
    const first = Math.max(0, index - desk.reach)
    const last = Math.min(chain.length - 1, index + desk.reach)
    if (!mayBreak(strikes, bidPrices, askPrices, index, first, last)) return
    // The three lie within the reach of each other, so that the same are looked at whichever of them has changed.
    for (let low = first; low <= index; low++) {
      const lowStrike = strikes[low] as number
      const lowAsk = askPrices[low] as number
      const end = Math.min(last, low + desk.reach)
      for (let high = Math.max(index, low + 2); high <= end; high++) {
        const highStrike = strikes[high] as number
        const slope = ((askPrices[high] as number) - lowAsk) / (highStrike - lowStrike)
        const isWing = low === index || high === index
        const from = isWing ? low + 1 : index
        const to = isWing ? high - 1 : index
        for (let middle = from; middle <= to; middle++)
          if ((bidPrices[middle] as number) - lowAsk - slope * ((strikes[middle] as number) - lowStrike) > LEAST_EDGE)
            propose(chain, side, low, middle, high, desk)
      }
    }
  },
}

/**
 * False when no three strikes that `index` is one of are out of order, whatever their reach of each other: compares slopes instead of all pairs
 * of wings. As a wing, the chord to the other one must be steeper than to a middle between; as the middle, the steepest chord down less than
 * the flattest one up.
 */
function mayBreak(
  strikes: Readonly<Float64Array>,
  bidPrices: Readonly<Float64Array>,
  askPrices: Readonly<Float64Array>,
  index: number,
  first: number,
  last: number,
): boolean {
  const strike = strikes[index] as number
  const bid = bidPrices[index] as number
  const ask = askPrices[index] as number
  let flattestToMiddle = Infinity
  let steepestDown = -Infinity
  for (let low = index - 1; low >= first; low--) {
    const distance = strike - (strikes[low] as number)
    const lowAsk = askPrices[low] as number
    if ((ask - lowAsk) / distance > flattestToMiddle) return true
    const toMiddle = (ask - (bidPrices[low] as number)) / distance
    if (toMiddle < flattestToMiddle) flattestToMiddle = toMiddle
    const down = (bid - lowAsk) / distance
    if (down > steepestDown) steepestDown = down
  }
  let steepestToMiddle = -Infinity
  for (let high = index + 1; high <= last; high++) {
    const distance = (strikes[high] as number) - strike
    const highAsk = askPrices[high] as number
    if ((highAsk - ask) / distance < steepestToMiddle || (highAsk - bid) / distance < steepestDown) return true
    const toMiddle = ((bidPrices[high] as number) - ask) / distance
    if (toMiddle > steepestToMiddle) steepestToMiddle = toMiddle
  }
  return false
}

function propose(chain: Chain, side: ChainSide, low: number, middle: number, high: number, desk: Desk): void {
  const ratios = ratiosOf(chain.strikeAt(low), chain.strikeAt(middle), chain.strikeAt(high))
  if (ratios === undefined) return
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'settlement-mismatch')
  const [lowRatio, middleRatio, highRatio] = ratios
  const terms = desk.terms(chain)
  const isCall = side === chain.calls
  const assumptions = isCall ? callAssignment(chain, terms) : []
  const late = isCall ? 0 : middleRatio * latePutCost(chain, terms, chain.strikeAt(middle))
  const waiting = chain.style === 'american' ? lowRatio * (chain.strikeAt(middle) - chain.strikeAt(low)) * terms.discountRange.rise : 0
  const owed = assumptions.length === 0 ? 0 : middleRatio * lateAnswerCost(chain, terms, chain.strikeAt(middle))
  const candidate = candidateOf({
    detector: NAME,
    trades: [buy(side, low, lowRatio), sell(side, middle, middleRatio), buy(side, high, highRatio)],
    chain,
    worth: 0 - waiting - late,
    worst: 0 - waiting - late - owed,
    assumptions,
  })
  if (candidate.worth - candidate.cost > LEAST_EDGE) desk.report(candidate)
  else desk.refuse(NAME, 'carry')
}

/** Contracts of each strike, in the least whole numbers. Undefined where there are none. */
function ratiosOf(low: number, middle: number, high: number): readonly [number, number, number] | undefined {
  const [a, c] = [Math.round((high - middle) * STRIKE_UNITS), Math.round((middle - low) * STRIKE_UNITS)]
  const isWhole = Math.abs((high - middle) * STRIKE_UNITS - a) < 1e-6 && Math.abs((middle - low) * STRIKE_UNITS - c) < 1e-6
  if (!isWhole) return undefined
  const common = greatestCommonDivisor(a, c)
  return [a / common, (a + c) / common, c / common]
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
