import { z } from 'zod'

import { continuousCost } from '../option/carry.ts'
import { parityHigh, parityLow } from '../option/bounds.ts'
import type { Carry } from '../state/carry-state.ts'
import type { Chain, Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { drift } from './chain/relations.ts'
import { indexPercent, spotPercent, tolerance } from './chain/settings.ts'
import { type SpotSettings, spotOf, spotTolerance } from './chain/spot.ts'
import { hasAloneChanged, isHeldInPlace, isWitness, NEIGHBOURS, optionAt, sidesOf } from './chain/witness.ts'
import { defineRule, type Found, type RuleContext } from './rule.ts'

/** What the bounds of one expiry rest on, at one moment. */
interface Bounds {
  spotBid: number
  spotAsk: number
  discount: number
  /** Present value of what the underlying pays or costs until then, with what may be unknown. */
  dividends: number
}

interface Settings extends SpotSettings {
  unknownPercent: number
}

/**
 * A call less the put of its strike is worth the underlying less the strike, but for interest and dividends: the bounds of American options
 * (Hull, ch. 11.4), which hold for European ones too. Three quotes are in it, so that it only flags, and only when the partner
 * and the underlying are in order with the rest of the chain, or the option alone has changed.
 */
export const putCallParity = defineRule({
  name: 'put-call-parity',
  about: 'An option quote that its partner of the other right and the underlying contradict.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  settings: {
    tolerance,
    spotPercent,
    indexPercent,
    unknownPercent: z
      .number({ error: 'a percentage of 0 or above' })
      .min(0, { error: 'a percentage of 0 or above' })
      .default(5)
      .describe('What interest, dividends and borrowing that are not known of may come to, in percent of the price a year.'),
  },
  create: (settings) => {
    const carries = new WeakMap<Chain, { today: string; version: number; carry: Carry }>()
    const carryOf = (chain: Chain, { market, chains }: RuleContext): Carry => {
      const known = carries.get(chain)
      const { today } = chains
      const { version } = market.carry
      if (known && known.today === today && known.version === version) return known.carry
      const { instrument, currency } = chain.underlying
      const carry = market.carry.of(instrument as number, currency, today, chain.expiry)
      carries.set(chain, { today, version, carry })
      return carry
    }
    return {
      check(quote, context) {
        const leg = comparableLeg(quote, context)
        if (leg === undefined) return undefined
        const { chain, right, index, otherSide } = leg
        const bidPrice = quote.bidPrice ?? Number.NaN
        const askPrice = quote.askPrice ?? Number.NaN
        const { underlying } = chain
        // First without carry: what keeps to this keeps to the bounds.
        const spot = right === 'C' ? underlying.bidPrice : underlying.askPrice
        const synthetic = right === 'C' ? spot - chain.strikeAt(index) : chain.strikeAt(index) - spot
        const isNear =
          !(bidPrice - (otherSide.askPrices[index] as number) - synthetic > settings.tolerance) &&
          !(synthetic - askPrice + (otherSide.bidPrices[index] as number) > settings.tolerance)
        if (isNear || !spotOf(leg, quote, context)) return undefined
        return blame(quote, leg, context, settings, boundsOf(chain, carryOf(chain, context), settings))
      },
    }
  },
})

function boundsOf(
  { underlying }: Chain,
  { days, discount, dividends, dividendYield, borrow }: Carry,
  { unknownPercent }: Settings,
): Bounds {
  const { bidPrice, askPrice } = underlying
  const unknown = unknownPercent / 100
  return {
    spotBid: bidPrice,
    spotAsk: askPrice,
    discount: Math.min(1, discount) * Math.exp((-unknown * days) / 365),
    dividends: dividends + continuousCost(askPrice, dividendYield + borrow + unknown, days),
  }
}

/** How far a call and a put of one strike break their bounds: above 0 when the call is dear beside the put, below when it is cheap. */
function breach(strike: number, call: readonly [number, number], put: readonly [number, number], bounds: Bounds): number {
  const high = call[0] - put[1] - parityHigh('american', bounds.spotAsk, strike, bounds.discount, bounds.dividends)
  const low = parityLow('american', bounds.spotBid, strike, bounds.discount, bounds.dividends) - (call[1] - put[0])
  return high > 0 ? high : low > 0 ? -low : 0
}

function blame(quote: Quote, leg: Leg, context: RuleContext, settings: Settings, bounds: Bounds): Found | undefined {
  const { chain, right, side, otherSide, index, strike } = leg
  const { underlying } = chain
  const partner = [otherSide.bidPrices[index] as number, otherSide.askPrices[index] as number] as const
  const breachWith = (bidPrice = Number.NaN, askPrice = Number.NaN) =>
    right === 'C' ? breach(strike, [bidPrice, askPrice], partner, bounds) : -breach(strike, partner, [bidPrice, askPrice], bounds)
  const allowed = spotTolerance(underlying, settings) + drift(chain, otherSide, index)
  const broken = breachWith(quote.bidPrice, quote.askPrice)
  if (Math.abs(broken) <= allowed) return undefined
  const hasChanged =
    breachWith(side.bidPrices[index], side.askPrices[index]) === 0 &&
    isWitness(chain, otherSide, index, -1, settings.tolerance) &&
    hasAloneChanged(leg, otherSide.timesUs[index] as number) &&
    hasAloneChanged(leg, underlying.timeUs)
  // Else the partner would have to be dearer by as much as this one is, or cheaper.
  if (!hasChanged && !(isSpotWitnessed(leg, allowed, bounds) && isHeldInPlace(chain, otherSide, index, broken, settings.tolerance)))
    return undefined
  return {
    reason:
      `${sidesOf(quote.bidPrice, quote.askPrice)} is ${Math.abs(broken).toFixed(2)} off ${optionAt(context, otherSide, index)} ` +
      `and ${underlying.symbol} at ${sidesOf(bounds.spotBid, bounds.spotAsk)}`,
    evidence: [otherSide.instruments[index] as number, underlying.instrument as number],
  }
}

/** True when the pairs of the strikes around keep to the same bounds, so that the underlying is not what is wrong. */
function isSpotWitnessed({ chain, index }: Leg, allowed: number, bounds: Bounds): boolean {
  let kept = 0
  for (const step of [-1, 1] as const)
    for (let at = index + step, n = 0; n < NEIGHBOURS && at >= 0 && at < chain.length; n++, at += step) {
      const { calls, puts } = chain
      if (calls.doubted[at] === 1 || puts.doubted[at] === 1) continue
      const call = [calls.bidPrices[at] as number, calls.askPrices[at] as number] as const
      const put = [puts.bidPrices[at] as number, puts.askPrices[at] as number] as const
      if (Number.isNaN(call[0] + call[1] + put[0] + put[1])) continue
      if (Math.abs(breach(chain.strikeAt(at), call, put, bounds)) > allowed) return false
      kept++
    }
  return kept > 1
}
