import type { Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { verticalBreach } from './chain/relations.ts'
import { tolerance } from './chain/settings.ts'
import {
  brokenVerticals,
  ENOUGH,
  hasAloneChanged,
  isWitness,
  NEIGHBOURS,
  optionAt,
  sidesOf,
  unlessBlind,
  unlessMoving,
} from './chain/witness.ts'
import { positive } from './own-settings.ts'
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
  settings: {
    tolerance,
    clearPercent: positive(
      0.1,
      "percent of the option's strike",
      'A quote is kept out only when it is out of order by more than so many percent of its strike.',
    ),
    clearIndexPercent: positive(1, "percent of the option's strike", 'The same for options on an index, whose value may lag.'),
  },
  create: (own) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined) return undefined
      const { chain, side, index } = leg
      const bidPrice = quote.bidPrice ?? Number.NaN
      const askPrice = quote.askPrice ?? Number.NaN
      for (let step: 1 | -1 = -1; ; step = 1) {
        let other = chain.quoted(side, index, step)
        for (let n = 0; n < NEIGHBOURS && other >= 0; n++) {
          if (verticalBreach(chain, side, index, bidPrice, askPrice, other) > own.tolerance)
            return unlessBlind(leg, blame(quote, leg, context, own))
          other = chain.quoted(side, other, step)
        }
        if (step === 1) return undefined
      }
    },
  }),
})

interface Own {
  tolerance: number
  clearPercent: number
  clearIndexPercent: number
}

function blame({ bidPrice, askPrice, tsUs }: Quote, leg: Leg, context: RuleContext, own: Own): Found | undefined {
  const { chain, side, index } = leg
  const { tolerance } = own
  const [bid, ask] = [bidPrice ?? Number.NaN, askPrice ?? Number.NaN]
  const broken = brokenVerticals(chain, side, index, bid, ask, tolerance)
  const witnesses = broken.filter((at) => isWitness(chain, side, at, index, tolerance))
  const [first] = witnesses
  if (first === undefined) return undefined
  const found: Found = {
    reason: `${sidesOf(bidPrice, askPrice)} is out of order with ${witnesses.map((at) => optionAt(context, side, at)).join(', ')}`,
    evidence: witnesses.map((at) => side.instruments[at] as number),
  }
  if (witnesses.length >= ENOUGH) {
    const least = Math.min(...witnesses.map((at) => verticalBreach(chain, side, index, bid, ask, at)))
    const percent = chain.underlying.isIndex ? own.clearIndexPercent : own.clearPercent
    // Options are sampled more often than their underlying: the first one behind a move is right, and the others are about to change.
    const isClear = least > tolerance + (chain.strikeAt(index) * percent) / 100
    return isClear ? unlessMoving(leg, found, tsUs) : { ...found, severity: 'warning', disposition: 'flag' }
  }
  const held = !(verticalBreach(chain, side, index, side.bidPrices[index] as number, side.askPrices[index] as number, first) > 0)
  return held && hasAloneChanged(leg, side.timesUs[first] as number) ? { ...found, severity: 'warning', disposition: 'flag' } : undefined
}
