import type { Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { butterflyBreach } from './chain/relations.ts'
import { tolerance } from './chain/settings.ts'
import { brokenButterflies, hasAloneChanged, isWitness, optionAt, sidesOf, unlessBlind } from './chain/witness.ts'
import { defineRule, type Found, type RuleContext } from './rule.ts'

/**
 * Prices are convex in the strike: the middle of three is worth no more than its share of the wings. Two butterflies that have only this quote in
 * common name it; a single one is a matter of who has changed. The bound is tight, so that it is only flagged.
 */
export const butterflySpread = defineRule({
  name: 'butterfly-spread',
  about: 'An option quote that is not convex with the strikes around it.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  settings: { tolerance },
  create: ({ tolerance }) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined) return undefined
      const { chain, side, index } = leg
      const bidPrice = quote.bidPrice ?? Number.NaN
      const askPrice = quote.askPrice ?? Number.NaN
      const { bidPrices, askPrices } = side
      // Between the nearest offers, and as a wing of the nearest bid and the offer behind it.
      const below = chain.priced(askPrices, index, -1)
      const above = chain.priced(askPrices, index, 1)
      const isBroken =
        (below >= 0 && above >= 0 && butterflyBreach(chain, side, index, bidPrice, askPrice, below, index, above) > tolerance) ||
        isWing(leg, askPrice, chain.priced(bidPrices, index, -1), -1, tolerance) ||
        isWing(leg, askPrice, chain.priced(bidPrices, index, 1), 1, tolerance)
      return isBroken ? unlessBlind(leg, blame(quote, leg, context, tolerance)) : undefined
    },
  }),
})

function isWing({ chain, side, index }: Leg, askPrice: number, middle: number, step: 1 | -1, tolerance: number): boolean {
  const far = middle < 0 ? -1 : chain.priced(side.askPrices, middle, step)
  if (far < 0) return false
  const [low, high] = step === 1 ? [index, far] : [far, index]
  return butterflyBreach(chain, side, index, Number.NaN, askPrice, low, middle, high) > tolerance
}

function blame({ bidPrice, askPrice }: Quote, leg: Leg, context: RuleContext, tolerance: number): Found | undefined {
  const { chain, side, index } = leg
  const broken = brokenButterflies(chain, side, index, bidPrice ?? Number.NaN, askPrice ?? Number.NaN, tolerance).filter((pair) =>
    pair.every((at) => isWitness(chain, side, at, index, tolerance)),
  )
  const [first] = broken
  if (first === undefined) return undefined
  const isApart = broken.some((pair) => broken.some((other) => pair.every((at) => !other.includes(at))))
  if (!isApart && !isAlone(leg, first)) return undefined
  return {
    reason: `${sidesOf(bidPrice, askPrice)} is not convex with ${first.map((at) => optionAt(context, side, at)).join(' and ')}`,
    evidence: first.map((at) => side.instruments[at] as number),
  }
}

/** True when the bound with that pair held before the leg changed, which it alone did. */
function isAlone(leg: Leg, pair: readonly [number, number]): boolean {
  const { chain, side, index } = leg
  const held = brokenButterflies(chain, side, index, side.bidPrices[index] as number, side.askPrices[index] as number, 0)
  return (
    !held.some((other) => other.every((at) => pair.includes(at))) && pair.every((at) => hasAloneChanged(leg, side.timesUs[at] as number))
  )
}
