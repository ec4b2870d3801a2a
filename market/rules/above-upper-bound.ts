import { upperBound } from '../option/bounds.ts'
import { comparableLeg } from './chain/comparable.ts'
import { indexPercent, spotPercent, tolerance } from './chain/settings.ts'
import { spotOf, spotTolerance } from './chain/spot.ts'
import { hasAloneChanged, sidesOf, unlessMoving } from './chain/witness.ts'
import { defineRule } from './rule.ts'

/**
 * A put never pays more than its strike, which is certain; a call is never worth more than what it delivers, which rests on the underlying's
 * quote, and is kept out only when the call alone has changed since.
 */
export const aboveUpperBound = defineRule({
  name: 'above-upper-bound',
  about: 'An option bid above the most that it can pay.',
  severity: 'error',
  disposition: 'quarantine',
  kinds: ['quote'],
  settings: { tolerance, spotPercent, indexPercent },
  create: (settings) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined || quote.bidPrice === undefined) return undefined
      const { chain, right, side, index, strike } = leg
      const { underlying } = chain
      const most = upperBound(chain.style, right, underlying.askPrice, strike, 1, 0)
      if (!(quote.bidPrice - most > settings.tolerance)) return undefined
      if (right === 'P') {
        const reason = `bid of ${sidesOf(quote.bidPrice, quote.askPrice)} is above the strike, the most that a put pays`
        return unlessMoving(leg, { reason }, quote.tsUs)
      }
      const allowed = spotTolerance(underlying, settings)
      if (!(quote.bidPrice - most > allowed) || !spotOf(leg, quote, context)) return undefined
      const found = {
        reason: `bid of ${sidesOf(quote.bidPrice, quote.askPrice)} is above ${underlying.symbol} itself at ${sidesOf(underlying.bidPrice, underlying.askPrice)}`,
        evidence: [underlying.instrument as number],
      }
      const held = (side.bidPrices[index] as number) - most <= allowed
      return held && hasAloneChanged(leg, underlying.timeUs)
        ? unlessMoving(leg, found, quote.tsUs)
        : { ...found, severity: 'warning', disposition: 'flag' }
    },
  }),
})
