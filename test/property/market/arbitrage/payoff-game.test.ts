/** The brute force over payoffs, against outcomes that can be worked out by hand. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { discountOn } from '../../../support/arbitrage/money.ts'
import { type GameLeg, type GameTerms, worstOutcome } from '../../../support/arbitrage/payoff-game.ts'

const RATE = 0.05
const PAID = { day: 40, amount: 2 }

const terms = (changes: Partial<GameTerms> = {}): GameTerms => {
  return { discount: discountOn([{ days: 365, rate: RATE }]), turns: [], payments: [], yield: 0, borrow: 0, spot: 100, ...changes }
}
const d = (days: number, rate = RATE) => Math.exp((-rate * days) / 365)

type Kind = Partial<NonNullable<GameLeg['option']>>
const leg = (side: 'buy' | 'sell', right: 'C' | 'P', strike: number, price: number, kind: Kind = {}, ratio = 1): GameLeg => {
  return { side, ratio, price, option: { right, strike, days: 90, isAmerican: true, isCashSettled: false, ...kind } }
}
const stock = (side: 'buy' | 'sell', price: number): GameLeg => ({ side, ratio: 1, price })
const noInterest = { discount: () => 1 }
const european = { isAmerican: false }

const conversion = (kind: Kind = {}) => [stock('buy', 100), leg('buy', 'P', 95, 3, kind), leg('sell', 'C', 95, 10, kind)]
const reversal = (kind: Kind = {}) => [stock('sell', 100), leg('sell', 'P', 95, 3, kind), leg('buy', 'C', 95, 7, kind)]
const longBox = (kind: Kind = {}) => [
  leg('buy', 'C', 80, 22, kind),
  leg('sell', 'C', 90, 13, kind),
  leg('buy', 'P', 90, 3, kind),
  leg('sell', 'P', 80, 2.15, kind),
]
const shortBox = (kind: Kind = {}) => longBox(kind).map((one): GameLeg => ({ ...one, side: one.side === 'buy' ? 'sell' : 'buy' }))

describe('A conversion brings', () => {
  it('its strike at the end, and the dividends when its call is European', () => {
    expect(worstOutcome(conversion(european), terms())).toBeCloseTo(95 * d(90) - 93, 10)
    expect(worstOutcome(conversion(european), terms({ payments: [PAID] }))).toBeCloseTo(95 * d(90) + 2 * d(40) - 93, 10)
  })

  it('no dividends when its call is American, and its strike at once or at the end, whichever is less', () => {
    expect(worstOutcome(conversion(), terms({ payments: [PAID] }))).toBeCloseTo(Math.min(95 * d(39), 95 * d(90) + 2 * d(40)) - 93, 10)
    const negative = terms({ discount: discountOn([{ days: 365, rate: -0.01 }]) })
    expect(worstOutcome(conversion(), negative)).toBeCloseTo(95 - 93, 10)
  })

  it('less than at either end where the rate turns on the way', () => {
    const curve = [
      { days: 30, rate: 0.1 },
      { days: 90, rate: 0.02 },
    ]
    const turning = terms({ discount: discountOn(curve), turns: [30, 90] })
    expect(worstOutcome(conversion(), turning)).toBeCloseTo(95 * d(30, 0.1) - 93, 10)
  })
})

describe('A reversal owes', () => {
  it('its strike discounted, dividends and the fee for borrowing when European; its strike at once when American', () => {
    const all = terms({ payments: [PAID], borrow: 0.03 })
    const costs = 2 * d(40) + 100 * (1 - Math.exp((-0.03 * 90) / 365))
    expect(worstOutcome(reversal(european), all)).toBeCloseTo(96 - 95 * d(90) - costs, 10)
    // Who exercises the put at once frees us of dividends and fees; before the payment of day 40 it costs what was saved by waiting.
    const worst = Math.min(96 - 95, 96 - 95 * d(90) - costs, 96 - 95 * d(40) - 2 * d(40) - 100 * (1 - Math.exp((-0.03 * 40) / 365)))
    expect(worstOutcome(reversal(), all)).toBeCloseTo(worst, 10)
    expect(worstOutcome(reversal(), terms())).toBeCloseTo(96 - 95, 10)
  })
})

describe('A box of two strikes brings', () => {
  it('its width at the end when European', () => {
    expect(worstOutcome(longBox(european), terms())).toBeCloseTo(10 * d(90) - 9.85, 10)
    expect(worstOutcome(shortBox(european), terms())).toBeCloseTo(9.85 - 10 * d(90), 10)
    expect(worstOutcome(longBox({ ...european, isCashSettled: true }), terms())).toBeCloseTo(10 * d(90) - 9.85, 10)
  })

  it('the same when it is bought and American, unless a dividend falls into its life, which we owe', () => {
    expect(worstOutcome(longBox(), terms())).toBeCloseTo(10 * d(90) - 9.85, 10)
    const owed = worstOutcome(longBox(), terms({ payments: [PAID] }))
    expect(owed).toBeLessThan(10 * d(90) - 9.85 - 1)
    expect(owed).toBeGreaterThanOrEqual(10 * d(90) - 9.85 - 2 * 2)
  })

  it('less than its discounted width when it is sold and American', () => {
    expect(worstOutcome(shortBox(), terms())).toBeLessThan(9.85 - 10)
  })
})

describe('Verticals, butterflies and calendars bring', () => {
  it('at least nothing when what is sold is covered, and a payment owed when a sold call is assigned the evening before it', () => {
    const vertical = [leg('buy', 'C', 90, 5), leg('sell', 'C', 95, 6)]
    expect(worstOutcome(vertical, terms())).toBeCloseTo(1, 10)
    // Assigned on day 39 for 95, answered at the end with 90: a payment that is smaller than that does no harm.
    expect(worstOutcome(vertical, terms({ payments: [PAID] }))).toBeCloseTo(1, 10)
    const owed = terms({ payments: [{ day: 40, amount: 7 }] })
    expect(worstOutcome(vertical, owed)).toBeCloseTo(1 + 95 * d(39) - 90 * d(90) - 7 * d(40), 10)
    const calendar = [leg('buy', 'C', 95, 5, { days: 200 }), leg('sell', 'C', 95, 6)]
    expect(worstOutcome(calendar, terms())).toBeCloseTo(1, 10)
    // Assigned on day 39 for 95, answered at the end of the far call: the interest on the strike is won, the payment lost.
    const large = { payments: [{ day: 40, amount: 7 }] }
    expect(worstOutcome(calendar, terms({ ...large, ...noInterest }))).toBeCloseTo(1 - 7, 10)
    expect(worstOutcome(calendar, terms(large))).toBeCloseTo(1 - 7 * d(40) + 95 * (d(39) - d(200)), 10)
    const later = terms({ payments: [{ day: 150, amount: 2 }] })
    expect(worstOutcome(calendar, later)).toBeCloseTo(1, 10)
  })

  it('less by the interest on a strike that answers an assigned put days later', () => {
    const late = 1 - d(4)
    const vertical = [leg('buy', 'P', 90, 5), leg('sell', 'P', 95, 11)]
    expect(worstOutcome(vertical, terms())).toBeCloseTo(6 - 5 - 90 * late, 10)
    const calendar = [leg('buy', 'P', 95, 5, { days: 200 }), leg('sell', 'P', 95, 6)]
    expect(worstOutcome(calendar, terms())).toBeCloseTo(1 - 95 * late, 10)
    expect(worstOutcome(calendar, terms(noInterest))).toBeCloseTo(1, 10)
    const butterfly = [leg('buy', 'P', 90, 2, {}, 2), leg('sell', 'P', 95, 5, {}, 3), leg('buy', 'P', 105, 10)]
    expect(worstOutcome(butterfly, terms())).toBeCloseTo(15 - 14 - 3 * 95 * late, 10)
  })

  it('at least nothing for a butterfly of unequal wings, also when a part of its middle is assigned', () => {
    const butterfly = [leg('buy', 'C', 90, 12, {}, 2), leg('sell', 'C', 95, 9, {}, 3), leg('buy', 'C', 105, 2)]
    expect(worstOutcome(butterfly, terms())).toBeCloseTo(27 - 26, 10)
  })

  it('an open loss when more is sold than bought', () => {
    expect(worstOutcome([leg('buy', 'C', 90, 5), leg('sell', 'C', 95, 6, {}, 2)], terms())).toBeLessThan(-10_000)
    // A far option that settles in cash hedges no near one.
    const roll = { isAmerican: false, isCashSettled: true }
    const legs = [
      leg('buy', 'C', 95, 9, { ...roll, days: 180 }),
      leg('sell', 'P', 95, 2, { ...roll, days: 180 }),
      leg('sell', 'C', 95, 8, roll),
      leg('buy', 'P', 95, 2, roll),
    ]
    expect(worstOutcome(legs, terms())).toBeLessThan(-10_000)
    expect(
      worstOutcome(
        legs.map((one) => ({ ...one, option: { ...one.option!, isCashSettled: false } })),
        terms(),
      ),
    ).toBeGreaterThan(-5)
  })

  it('what stands against intrinsic value at once', () => {
    expect(worstOutcome([leg('buy', 'C', 90, 8), stock('sell', 100)], terms({ payments: [{ day: 1, amount: 2 }] }))).toBeCloseTo(2, 10)
    expect(worstOutcome([leg('buy', 'P', 110, 8), stock('buy', 100)], terms())).toBeCloseTo(2, 10)
  })
})

it('No package is worth more at the worst than any single path of prices and exercises makes it', () => {
  const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
  const anyLeg = fc
    .tuple(fc.constantFrom('buy' as const, 'sell' as const), fc.constantFrom('C' as const, 'P' as const), fc.integer({ min: 80, max: 120 }))
    .map(([side, right, strike]) => leg(side, right, strike, 0))
  fc.assert(
    fc.property(fc.array(anyLeg, { minLength: 1, maxLength: 3 }), number(0, 200), (legs, price) => {
      // Everything is held to the end, and exercised when it is in the money.
      const atExpiry = legs.reduce((sum, { side, option }) => {
        const { right, strike } = option as NonNullable<GameLeg['option']>
        return sum + (side === 'buy' ? 1 : -1) * Math.max(0, (right === 'C' ? 1 : -1) * (price - strike))
      }, 0)
      const europeans = legs.map((one): GameLeg => ({ ...one, option: { ...one.option!, isAmerican: false } }))
      expect(worstOutcome(europeans, terms())).toBeLessThanOrEqual(atExpiry * d(90) + 1e-9)
    }),
  )
})
