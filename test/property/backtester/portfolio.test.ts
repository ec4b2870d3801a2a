/** Whatever is booked, the account balances to the unit; and its worth moves by what prices did, less what was paid. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { fromUnits, share, toUnits, worth } from '../../../backtester/engine/money.ts'
import { Portfolio } from '../../../backtester/engine/portfolio.ts'

const price = fc.integer({ min: 1, max: 50_000_000 }).map((units) => units / 10_000)
const instrument = fc.integer({ min: 1, max: 3 })
/** By instrument, as a stock and two options. */
const MULTIPLIERS = [1, 1, 100, 10]
const multiplierOf = (one: number) => MULTIPLIERS[one] ?? 1

const event = fc.oneof(
  fc.record({
    kind: fc.constant('trade' as const),
    instrument,
    price,
    quantity: fc.integer({ min: -500, max: 500 }).filter((quantity) => quantity !== 0),
    commission: fc.integer({ min: -100, max: 100_000 }),
  }),
  fc.record({ kind: fc.constant('mark' as const), instrument, price }),
  fc.record({
    kind: fc.constant('split' as const),
    instrument,
    ratio: fc.oneof(fc.constantFrom(2, 0.5, 3, 1 / 3, 1.5, 20, 0.1), fc.double({ min: 0.01, max: 50, noNaN: true })),
  }),
  fc.record({ kind: fc.constant('charge' as const), amount: fc.integer({ min: 0, max: 1_000_000 }) }),
  fc.record({ kind: fc.constant('earn' as const), amount: fc.integer({ min: 0, max: 1_000_000 }) }),
)

/** Of all positions, one by one. */
function sizeOf(portfolio: Portfolio): number {
  return [...portfolio.positions()].reduce((sum, { value }) => sum + Math.abs(value), 0)
}

describe('a portfolio', () => {
  it('balances to the unit after every event', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const portfolio = new Portfolio(100_000)
        for (const one of events) {
          if (one.kind === 'trade') portfolio.trade({ ...one, multiplier: multiplierOf(one.instrument) })
          else if (one.kind === 'mark') portfolio.mark(one.instrument, one.price)
          else if (one.kind === 'split') portfolio.split(one.instrument, one.ratio)
          else if (one.kind === 'charge') portfolio.charge('borrow', one.amount)
          else portfolio.earn('dividend', one.amount)
          expect(portfolio.imbalance()).toBe(0)
          expect(portfolio.exposure).toBe(sizeOf(portfolio))
          expect(Number.isSafeInteger(portfolio.equity)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('loses nothing but the commission on a trade at the mark, and gains what the mark moves', () => {
    fc.assert(
      fc.property(price, price, fc.integer({ min: -500, max: 500 }), fc.nat(10_000), (bought, later, quantity, commission) => {
        fc.pre(quantity !== 0)
        const portfolio = new Portfolio(1_000_000)
        portfolio.trade({ instrument: 2, quantity, price: bought, multiplier: 100, commission })
        expect(portfolio.equity).toBe(portfolio.start - commission)
        portfolio.mark(2, later)
        expect(portfolio.equity).toBe(portfolio.start - commission + worth(later, quantity, 100) - worth(bought, quantity, 100))
        expect(portfolio.unrealised).toBe(worth(later, quantity, 100) - worth(bought, quantity, 100))
      }),
    )
  })

  it('realises all of what a position made once it is closed, in however many parts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(price, fc.integer({ min: 1, max: 90 })), { minLength: 1, maxLength: 8 }), price, (buys, sold) => {
        const portfolio = new Portfolio(0)
        let paid = 0
        for (const [each, quantity] of buys) {
          portfolio.trade({ instrument: 1, quantity, price: each, multiplier: 1 })
          paid += worth(each, quantity, 1)
        }
        let received = 0
        let left = buys.reduce((sum, [, quantity]) => sum + quantity, 0)
        while (left > 0) {
          const part = Math.ceil(left / 2)
          portfolio.trade({ instrument: 1, quantity: -part, price: sold, multiplier: 1 })
          received += worth(sold, part, 1)
          left -= part
        }
        expect(portfolio.position(1)).toBeUndefined()
        expect(portfolio.realised).toBe(received - paid)
        expect(portfolio.cash).toBe(received - paid)
      }),
    )
  })

  it('turns round through nothing: what goes beyond closing opens the other side', () => {
    const portfolio = new Portfolio(10_000)
    portfolio.trade({ instrument: 1, quantity: 100, price: 10, multiplier: 1 })
    expect(fromUnits(portfolio.trade({ instrument: 1, quantity: -150, price: 12, multiplier: 1 }))).toBe(200)
    expect(portfolio.position(1)).toMatchObject({ quantity: -50, cost: toUnits(-600) })
    expect(fromUnits(portfolio.trade({ instrument: 1, quantity: 50, price: 11, multiplier: 1 }))).toBe(50)
    expect(fromUnits(portfolio.equity)).toBe(10_250)
  })

  it('keeps its worth over a split, and pays a fraction out', () => {
    const portfolio = new Portfolio(10_000)
    portfolio.trade({ instrument: 1, quantity: 101, price: 30, multiplier: 1 })
    expect(portfolio.split(1, 1.5)).toBeCloseTo(0.5, 12)
    expect(portfolio.position(1)).toMatchObject({ quantity: 151, mark: 20 })
    expect(fromUnits(portfolio.equity)).toBe(10_000)
    expect(portfolio.imbalance()).toBe(0)
  })

  it('is worth the same under another number, where what is long and short meets', () => {
    const portfolio = new Portfolio(10_000)
    portfolio.trade({ instrument: 1, quantity: 100, price: 30, multiplier: 1 })
    portfolio.trade({ instrument: 2, quantity: -40, price: 30, multiplier: 1 })
    expect(fromUnits(portfolio.exposure)).toBe(4200)
    portfolio.rename(1, 2)
    expect(portfolio.position(2)).toMatchObject({ quantity: 60 })
    expect([fromUnits(portfolio.equity), fromUnits(portfolio.exposure), portfolio.imbalance()]).toEqual([10_000, 1800, 0])
  })

  it.each([0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a trade of %s units', (quantity) => {
    expect(() => new Portfolio(1).trade({ instrument: 1, quantity, price: 1, multiplier: 1 })).toThrow(RangeError)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])('refuses a trade at %s, and books nothing of it', (priced) => {
    const portfolio = new Portfolio(1)
    expect(() => portfolio.trade({ instrument: 1, quantity: 1, price: priced, multiplier: 1 })).toThrow(RangeError)
    expect([...portfolio.positions()]).toEqual([])
    expect(portfolio.equity).toBe(portfolio.start)
  })
})

describe('money', () => {
  it('rounds a half away from 0, so that both sides of a trade are one amount', () => {
    expect(toUnits(0.00005)).toBe(1)
    expect(toUnits(-0.00005)).toBe(-1)
    expect(Object.is(toUnits(-0.000001), 0)).toBe(true)
  })

  it('shares large sums exactly', () => {
    expect(share(900_719_925_474_099, 1_000_003, 1_000_003)).toBe(900_719_925_474_099)
    expect(share(-900_719_925_474_099, 1, 2)).toBe(-450_359_962_737_049)
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (total, part, whole) => {
        const exact = (BigInt(total) * BigInt(part) * 10n) / BigInt(whole)
        fc.pre(exact < 10n ** 16n && exact > -(10n ** 16n))
        expect(Math.abs(share(total, part, whole) * 10 - Number(exact))).toBeLessThanOrEqual(6)
      }),
    )
  })
})
