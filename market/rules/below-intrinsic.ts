import type { Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { indexPercent, spotPercent, tolerance } from './chain/settings.ts'
import { intrinsic, type SpotSettings, spotOf, spotTolerance, spotWitnesses } from './chain/spot.ts'
import { ENOUGH, hasAloneChanged, sidesOf, unlessMoving } from './chain/witness.ts'
import { defineRule, type Found } from './rule.ts'

/**
 * Who can buy an American option below what exercise brings takes the difference at once. A European one can be worth less by the interest on
 * the strike or the dividends until its expiry, and is left to the other bounds. When other options of the chain break theirs too, the
 * underlying's quote is the one in doubt, and no option is named.
 */
export const belowIntrinsic = defineRule({
  name: 'below-intrinsic',
  about: 'An American option offered below what exercise brings.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  settings: { tolerance, spotPercent, indexPercent },
  create: (settings) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined || quote.askPrice === undefined || leg.chain.style !== 'american') return undefined
      const breach = intrinsic(leg.chain, leg.side, leg.index) - quote.askPrice
      if (!(breach > settings.tolerance) || !spotOf(leg, quote, context)) return undefined
      return blame(quote, leg, breach, settings)
    },
  }),
})

function blame(quote: Quote, leg: Leg, breach: number, settings: SpotSettings): Found | undefined {
  const { chain, side, index } = leg
  const { underlying } = chain
  const allowed = spotTolerance(underlying, settings)
  if (breach <= allowed) return undefined
  const witnesses = spotWitnesses(leg, breach, allowed)
  if (witnesses < 0) return undefined
  const found: Found = {
    reason:
      `ask of ${sidesOf(quote.bidPrice, quote.askPrice)} is ${breach.toFixed(2)} below what exercise brings ` +
      `with ${underlying.symbol} at ${sidesOf(underlying.bidPrice, underlying.askPrice)}`,
    evidence: [underlying.instrument as number],
  }
  if (witnesses >= ENOUGH) return unlessMoving(leg, found, quote.tsUs)
  const held = intrinsic(chain, side, index) - (side.askPrices[index] as number) <= allowed
  return witnesses > 0 || (held && hasAloneChanged(leg, underlying.timeUs))
    ? { ...found, severity: 'warning', disposition: 'flag' }
    : undefined
}
