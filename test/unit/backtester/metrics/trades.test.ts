import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { worth } from '../../../../backtester/engine/money.ts'
import { roundTrips, type TradedFill } from '../../../../backtester/metrics/round-trips.ts'
import { costShare, tradeMetrics } from '../../../../backtester/metrics/trades.ts'

/** `100 @ 10` bought at second 1 by an order of its own; a negative quantity is sold. */
function fills(...rows: [quantity: number, price: number, cost?: number, order?: number][]): TradedFill[] {
  return rows.map(([quantity, price, cost = 0, orderId], index) => ({
    orderId: orderId ?? 100 + index,
    instrument: 1,
    side: quantity > 0 ? 'buy' : 'sell',
    quantity: Math.abs(quantity),
    price,
    multiplier: 1,
    cost: cost * 10_000,
    tsUs: index * 1_000_000,
  }))
}
const nets = (...rows: Parameters<typeof fills>) => roundTrips(fills(...rows)).map(({ net }) => net / 10_000)

describe('round trips', () => {
  it('match what was bought first with what is sold first, and share the costs by quantity', () => {
    expect(roundTrips(fills([100, 10, 1], [100, 12, 2], [-150, 13, 3]))).toEqual([
      {
        instrument: 1,
        direction: 'long',
        quantity: 100,
        openedUs: 0,
        closedUs: 2_000_000,
        entryPrice: 10,
        exitPrice: 13,
        gross: 3_000_000,
        cost: 30_000,
        net: 2_970_000,
      },
      expect.objectContaining({ quantity: 50, entryPrice: 12, gross: 500_000, cost: 20_000, openedUs: 1_000_000 }),
    ])
  })

  it('go the other way round for what was sold first, also within the order that turns a position over', () => {
    expect(roundTrips(fills([-10, 20], [30, 18], [-20, 19])).map(({ direction, net }) => [direction, net])).toEqual([
      ['short', 200_000],
      ['long', 200_000],
    ])
  })

  it('are one for what two orders traded in several fills', () => {
    const [trip, another] = roundTrips(fills([60, 10, 0, 1], [40, 11, 0, 1], [-30, 12, 0, 2], [-70, 13, 0, 2]))
    expect(another).toBeUndefined()
    expect(trip).toMatchObject({ quantity: 100, openedUs: 0, closedUs: 3_000_000, net: (30 * 12 + 70 * 13 - 60 * 10 - 40 * 11) * 10_000 })
    expect(trip?.entryPrice).toBeCloseTo(10.4, 12)
    expect(trip?.exitPrice).toBeCloseTo(12.7, 12)
  })

  it('of instruments do not mix, and the multiplier counts once', () => {
    const [bought, other, sold] = fills([1, 2], [5, 10], [-1, 3])
    if (!bought || !other || !sold) expect.unreachable()
    const trips = roundTrips([
      { ...bought, multiplier: 100 },
      { ...other, instrument: 2 },
      { ...sold, multiplier: 100 },
    ])
    expect(trips.map(({ instrument, net }) => [instrument, net])).toEqual([[1, 1_000_000]])
  })

  it('and what is left open add up to all fills, to the unit', () => {
    const fill = fc.record({
      orderId: fc.integer({ min: 1, max: 4 }),
      instrument: fc.integer({ min: 1, max: 2 }),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 1000 }),
      price: fc.integer({ min: 1, max: 99_999 }).map((units) => units / 1000),
      multiplier: fc.constant(1),
      cost: fc.integer({ min: -100, max: 99_999 }),
    })
    fc.assert(
      fc.property(fc.array(fill, { maxLength: 60 }), (drawn) => {
        const all = drawn.map((one, index) => ({ ...one, tsUs: index }))
        // What is left is closed at a known price, without cost.
        const rest = [1, 2].flatMap((instrument) => {
          const left = all
            .filter((one) => one.instrument === instrument)
            .reduce((sum, one) => sum + (one.side === 'buy' ? one.quantity : -one.quantity), 0)
          if (left === 0) return []
          const side = left > 0 ? ('sell' as const) : ('buy' as const)
          return [{ orderId: 9, instrument, side, quantity: Math.abs(left), price: 50, multiplier: 1, cost: 0, tsUs: all.length }]
        })
        const everything = [...all, ...rest]
        const cash = everything.reduce(
          (sum, one) => sum - worth(one.price, one.side === 'buy' ? one.quantity : -one.quantity, 1) - one.cost,
          0,
        )
        expect(roundTrips(everything).reduce((sum, { net }) => sum + net, 0)).toBe(cash)
      }),
      { numRuns: 200 },
    )
  })
})

describe('metrics of trades', () => {
  it('have known answers', () => {
    // Net: +10, -4, -6, +20, 0, one hour, two, ... as the fills lie apart.
    const trips = roundTrips(
      fills([1, 100], [-1, 110], [1, 100], [-1, 96], [1, 100], [-1, 94], [1, 100], [-1, 121, 1], [1, 100], [-1, 100]),
    )
    expect(tradeMetrics(trips)).toEqual({
      count: 5,
      wins: 2,
      losses: 2,
      winRate: 0.4,
      profitFactor: 3,
      expectancy: 40_000,
      averageWin: 150_000,
      averageLoss: -50_000,
      payoff: 3,
      best: 200_000,
      worst: -60_000,
      longestWinningStreak: 1,
      longestLosingStreak: 2,
      meanHoldingUs: 1_000_000,
      medianHoldingUs: 1_000_000,
      gross: 210_000,
      costs: 10_000,
      net: 200_000,
    })
    expect(costShare(trips, 31_000)).toBeCloseTo(3.1 / 31, 12)
  })

  it('count what the costs turned into a loss as one', () => {
    expect(nets([1, 100, 1], [-1, 101, 1])).toEqual([-1])
    expect(tradeMetrics(roundTrips(fills([1, 100, 1], [-1, 101, 1])))).toMatchObject({ wins: 0, losses: 1, gross: 10_000, net: -10_000 })
  })

  it('are not defined where there is nothing to divide by', () => {
    const none = tradeMetrics([])
    for (const name of ['winRate', 'profitFactor', 'expectancy', 'best', 'worst', 'meanHoldingUs'] as const) expect(none[name]).toBeNaN()
    expect(tradeMetrics(roundTrips(fills([1, 1], [-1, 2]))).profitFactor).toBeNaN()
    expect(costShare([], 5)).toBeNaN()
  })
})
