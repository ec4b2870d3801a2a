import type { Chain, ChainSide, Leg } from '../state/chain.ts'
import type { Quote } from '../tick.ts'
import { comparableLeg } from './chain/comparable.ts'
import { drift } from './chain/relations.ts'
import { tolerance } from './chain/settings.ts'
import { ENOUGH, hasAloneChanged, isWitness, optionAt, sidesOf, unlessBlind } from './chain/witness.ts'
import { defineRule, type Found, type RuleContext } from './rule.ts'

/** Expiries on either side that a broken bound is looked for at. */
const EXPIRIES = 2

interface Partner {
  chain: Chain
  side: ChainSide
  at: number
}

/**
 * An American option that lives longer is worth no less: who holds it can do all that the other can. European ones may invert, and are
 * not compared.
 */
export const calendarSpread = defineRule({
  name: 'calendar-spread',
  about: 'An American option quote out of order with other expiries of its strike.',
  severity: 'warning',
  disposition: 'flag',
  kinds: ['quote'],
  settings: { tolerance },
  create: ({ tolerance }) => ({
    check(quote, context) {
      const leg = comparableLeg(quote, context)
      if (leg === undefined || leg.chain.style !== 'american') return undefined
      const { earlier, later } = leg.chain
      const isBroken =
        (earlier !== undefined && quote.askPrice !== undefined && priceAt(earlier, leg, 'bidPrices') - quote.askPrice > tolerance) ||
        (later !== undefined && quote.bidPrice !== undefined && quote.bidPrice - priceAt(later, leg, 'askPrices') > tolerance)
      return isBroken ? unlessBlind(leg, blame(quote, leg, context, tolerance)) : undefined
    },
  }),
})

function priceAt(chain: Chain, { right, strike }: Leg, prices: 'bidPrices' | 'askPrices'): number {
  const at = chain.indexOf(strike)
  return at < 0 ? Number.NaN : ((right === 'C' ? chain.calls : chain.puts)[prices][at] as number)
}

function blame(quote: Quote, leg: Leg, context: RuleContext, tolerance: number): Found | undefined {
  const broken = brokenBy(leg, quote.bidPrice, quote.askPrice, tolerance)
  const witnesses = broken.filter(({ chain, side, at }) => isWitness(chain, side, at, -1, tolerance))
  const [first] = witnesses
  if (first === undefined) return undefined
  const { side, index } = leg
  if (witnesses.length < ENOUGH) {
    const held = !brokenBy(leg, side.bidPrices[index], side.askPrices[index], 0).some(({ chain }) => chain === first.chain)
    if (!held || !hasAloneChanged(leg, first.side.timesUs[first.at] as number)) return undefined
  }
  const names = witnesses.map(({ side, at }) => optionAt(context, side, at))
  return {
    reason: `${sidesOf(quote.bidPrice, quote.askPrice)} is out of order with ${names.join(' and ')}`,
    evidence: witnesses.map(({ side, at }) => side.instruments[at] as number),
  }
}

function brokenBy(leg: Leg, bidPrice = Number.NaN, askPrice = Number.NaN, tolerance: number): Partner[] {
  const broken: Partner[] = []
  for (const direction of ['earlier', 'later'] as const) {
    let chain = leg.chain[direction]
    for (let n = 0; n < EXPIRIES && chain !== undefined; n++, chain = chain[direction]) {
      const at = chain.indexOf(leg.strike)
      if (at < 0) continue
      const side = leg.right === 'C' ? chain.calls : chain.puts
      const breach = direction === 'earlier' ? (side.bidPrices[at] as number) - askPrice : bidPrice - (side.askPrices[at] as number)
      if (breach > tolerance + drift(chain, side, at)) broken.push({ chain, side, at })
    }
  }
  return broken
}
