/**
 * What option strategies need under Regulation T. The figures are cash that has to be there, premiums that came in included, as brokers publish them; what
 * the equity must cover is less by what the options are worth.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Holding } from '../../../../backtester/engine/models/margin/margin.ts'
import { regT } from '../../../../backtester/engine/models/margin/reg-t.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import { option } from './engine-desk.ts'

type Leg = [quantity: number, right: 'C' | 'P', strike: number, mark: number, expiry?: string]

const SPOT = 100
const legs = (given: readonly Leg[], underlyingPrice = SPOT): Holding[] =>
  given.map(([quantity, right, strike, mark, expiry = '2024-03-15']) => ({
    contract: option({ right, strike, expiry }),
    quantity,
    mark,
    underlyingPrice,
  }))
const shares = (quantity: number): Holding => ({
  contract: { kind: 'stock', symbol: 'XYZ', currency: 'USD' },
  quantity,
  mark: SPOT,
  underlyingPrice: undefined,
})
const worthOf = (holdings: readonly Holding[]) =>
  holdings.reduce((sum, { contract, quantity, mark }) => sum + quantity * mark * (contract.kind === 'option' ? 100 : 1), 0)
/** In cash. */
const requirement = (holdings: readonly Holding[]) =>
  Math.round((fromUnits(regT().initial(holdings)) - worthOf(holdings)) * 10_000) / 10_000

describe('Regulation T asks for', () => {
  it('one wing of an iron condor: ten of SPY with wings of 10 need 10 * 10 * 100 = 10,000, as IB publishes', () => {
    const condor = legs(
      [
        [10, 'P', 160, 0.8],
        [-10, 'P', 170, 2.1],
        [-10, 'C', 180, 2.4],
        [10, 'C', 190, 0.7],
      ],
      175,
    )
    expect(requirement(condor)).toBe(10_000)
    expect(fromUnits(regT().maintenance(condor))).toBe(10_000 - 3000)
  })

  it.each<[string, Leg[], number]>([
    // width * 100
    [
      'the width of a call spread that is short',
      [
        [-1, 'C', 100, 4],
        [1, 'C', 105, 1.5],
      ],
      500,
    ],
    [
      'the width of a put spread that is short',
      [
        [-1, 'P', 100, 4],
        [1, 'P', 95, 1.5],
      ],
      500,
    ],
    // What was paid is paid: no more cash is needed.
    [
      'nothing but its price for a spread that is long',
      [
        [1, 'C', 100, 4],
        [-1, 'C', 105, 1.5],
      ],
      0,
    ],
    [
      'nothing but its price for a butterfly that is long',
      [
        [1, 'C', 95, 7],
        [-2, 'C', 100, 4],
        [1, 'C', 105, 2],
      ],
      0,
    ],
    // Second lowest strike less the lowest: (100 - 95) * 100.
    [
      'one wing of a call butterfly that is short',
      [
        [-1, 'C', 95, 7],
        [2, 'C', 100, 4],
        [-1, 'C', 105, 2],
      ],
      500,
    ],
    // Highest strike less the second highest.
    [
      'one wing of a put butterfly that is short',
      [
        [-1, 'P', 95, 2],
        [2, 'P', 100, 4],
        [-1, 'P', 105, 7],
      ],
      500,
    ],
    [
      'one wing of an iron butterfly',
      [
        [1, 'P', 95, 2],
        [-1, 'P', 100, 4],
        [-1, 'C', 100, 4],
        [1, 'C', 105, 2],
      ],
      500,
    ],
    [
      'the wider wing of a condor',
      [
        [1, 'P', 90, 1],
        [-1, 'P', 95, 2],
        [-1, 'C', 105, 2.5],
        [1, 'C', 115, 0.5],
      ],
      1000,
    ],
    [
      'the width of a box that is short',
      [
        [-1, 'C', 95, 7],
        [1, 'C', 105, 2],
        [1, 'P', 95, 2],
        [-1, 'P', 105, 7],
      ],
      1000,
    ],
    [
      'nothing but its price for a box that is long',
      [
        [1, 'C', 95, 7],
        [-1, 'C', 105, 2],
        [-1, 'P', 95, 2],
        [1, 'P', 105, 7],
      ],
      0,
    ],
    // Call: 4 + 20 = 24, put: 3 + 20 = 23; the greater, and the put's premium.
    [
      'the greater side of a straddle and the premium of the other',
      [
        [-1, 'C', 100, 4],
        [-1, 'P', 100, 3],
      ],
      2700,
    ],
    // Call: 2 + (20 - 5) = 17, put: 1.5 + (20 - 5) = 16.5; 17 and 1.5.
    [
      'the greater side of a strangle and the premium of the other',
      [
        [-1, 'C', 105, 2],
        [-1, 'P', 95, 1.5],
      ],
      1850,
    ],
    // One straddle as above, and a further call of 24.
    [
      'the part of a straddle that has both sides',
      [
        [-2, 'C', 100, 4],
        [-1, 'P', 100, 3],
      ],
      2700 + 2400,
    ],
    // The put is naked: 1.5 + 15, the calls a spread of 5; as a strangle (1,850) and a call that is paid for it is cheaper.
    [
      'what is cheaper of spread and strangle',
      [
        [-1, 'P', 95, 1.5],
        [-1, 'C', 105, 2],
        [1, 'C', 110, 0.5],
      ],
      1850,
    ],
    // With a width of 1 it is the other way round: 16.5 and 1.
    [
      'what is cheaper of strangle and spread',
      [
        [-1, 'P', 95, 1.5],
        [-1, 'C', 105, 2],
        [1, 'C', 106, 1.5],
      ],
      1750,
    ],
    [
      'nothing but its price for a calendar spread',
      [
        [-1, 'C', 100, 2],
        [1, 'C', 100, 4, '2024-04-19'],
      ],
      0,
    ],
    // Each expiry by itself.
    [
      'both of two spreads that expire on different days',
      [
        [-1, 'C', 100, 4],
        [1, 'C', 105, 1.5],
        [-1, 'P', 100, 5, '2024-04-19'],
        [1, 'P', 95, 3, '2024-04-19'],
      ],
      1000,
    ],
    [
      'a spread whose long side is so far away as a naked option: 4 + 20',
      [
        [-1, 'C', 100, 4],
        [1, 'C', 200, 0.01],
      ],
      2400,
    ],
  ])('%s', (_, given, cash) => {
    expect(requirement(legs(given))).toBe(cash)
  })

  it('half of the shares of a covered call, and of a covered straddle its put too', () => {
    // The call that was sold for 4 is owed: 5,000 of the shares' 10,000 are lent.
    expect(requirement([shares(100), ...legs([[-1, 'C', 100, 4]])])).toBe(5000 - 10_000 + 400)
    expect(
      requirement([
        shares(100),
        ...legs([
          [-1, 'C', 100, 4],
          [-1, 'P', 100, 3],
        ]),
      ]),
    ).toBe(5000 - 10_000 + 400 + 2300)
    expect(requirement([shares(-100), ...legs([[-1, 'P', 100, 3]])])).toBe(5000 + 10_000 + 300)
  })
})

it('a book whose short options all have long ones needs no more than the most that it can lose, whatever the order of its legs', () => {
  const long = fc.tuple(fc.constantFrom('C' as const, 'P' as const), fc.integer({ min: 16, max: 24 }), fc.integer({ min: 1, max: 90 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(long, long), { minLength: 1, maxLength: 5 }), fc.nat(3), (pairs, more) => {
      const bought = pairs.map(([[right, strike, tenths]]): Leg => [1 + more, right, strike * 5, tenths / 10])
      const sold = pairs.map(([[right], [, strike, tenths]]): Leg => [-1, right, strike * 5, tenths / 10])
      const book = legs([...sold, ...bought])
      const payoff = (price: number) =>
        [...sold, ...bought].reduce(
          (sum, [quantity, right, strike]) => sum + quantity * Math.max(0, right === 'C' ? price - strike : strike - price) * 100,
          0,
        )
      const worst = Math.min(0, ...Array.from({ length: 60 }, (_, i) => payoff(i * 5)))
      const need = fromUnits(regT().initial(book))
      expect(need).toBeGreaterThanOrEqual(0)
      expect(need).toBeLessThanOrEqual(Math.max(0, worthOf(book) - worst) + 1e-6)
      expect(fromUnits(regT().initial(book.toReversed()))).toBeCloseTo(need, 4)
    }),
    { numRuns: 300 },
  )
})
