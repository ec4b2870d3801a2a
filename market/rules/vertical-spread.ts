import type { Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { verticalBreach } from './chain/relations.ts'
import { tolerance } from './chain/settings.ts'
import { brokenVerticals, ENOUGH, hasAloneChanged, isWitness, NEIGHBOURS, optionAt, sidesOf, unlessMoving } from './chain/witness.ts'
import { defineRule, type Found, type RuleContext } from './rule.ts'

/**
 * Of two calls of one expiry the lower strike is worth more, of two puts the higher one, and by no more than the strikes differ. Breaking that
 * against two strikes or more that agree with each other is sure; against a single one it is a matter of who has changed.
 */
export const verticalSpread = defineRule({
  name: 'vertical-spread',
  about: 'An option quote out of order with other strikes of its expiry.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  settings: { tolerance },
  create: ({ tolerance }) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined) return undefined
      const { chain, side, index } = leg
      const bidPrice = quote.bidPrice ?? Number.NaN
      const askPrice = quote.askPrice ?? Number.NaN
      for (let step: 1 | -1 = -1; ; step = 1) {
        let other = chain.quoted(side, index, step)
        for (let n = 0; n < NEIGHBOURS && other >= 0; n++) {
          if (verticalBreach(chain, side, index, bidPrice, askPrice, other) > tolerance) return blame(quote, leg, context, tolerance)
          other = chain.quoted(side, other, step)
        }
        if (step === 1) return undefined
      }
    },
  }),
})

function blame({ bidPrice, askPrice }: Quote, leg: Leg, context: RuleContext, tolerance: number): Found | undefined {
  const { chain, side, index } = leg
  const broken = brokenVerticals(chain, side, index, bidPrice ?? Number.NaN, askPrice ?? Number.NaN, tolerance)
  const witnesses = broken.filter((at) => isWitness(chain, side, at, index, tolerance))
  const [first] = witnesses
  if (first === undefined) return undefined
  const found: Found = {
    reason: `${sidesOf(bidPrice, askPrice)} is out of order with ${witnesses.map((at) => optionAt(context, side, at)).join(', ')}`,
    evidence: witnesses.map((at) => side.instruments[at] as number),
  }
  if (witnesses.length >= ENOUGH) return unlessMoving(leg, found)
  const held = !(verticalBreach(chain, side, index, side.bidPrices[index] as number, side.askPrices[index] as number, first) > 0)
  return held && hasAloneChanged(leg, side.timesUs[first] as number) ? { ...found, severity: 'warning', disposition: 'flag' } : undefined
}
