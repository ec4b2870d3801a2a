/** The trades of a run in another order, and drawn again. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { monteCarlo } from '../../../../backtester/metrics/monte-carlo.ts'
import { seededRandom } from '../../../../backtester/metrics/random.ts'

const of = (results: readonly number[], more: Partial<Parameters<typeof monteCarlo>[1]> = {}) =>
  monteCarlo(results, { start: 1000, draws: 4000, random: seededRandom(1), ruin: 0.5, ...more })

describe('round trips in another order', () => {
  it('end where they ended, by ways that differ', () => {
    const { reshuffled } = of([100, -200, 300])
    expect(new Set(reshuffled.endEquity)).toEqual(new Set([1200]))
    // The deepest way falls from 1400, 1300, 1100 or 1000 by 200.
    expect(reshuffled.maxDrawdown[0]).toBeCloseTo(-0.2, 12)
    expect(reshuffled.maxDrawdown[4]).toBeCloseTo(-200 / 1400, 12)
    expect(reshuffled.chanceOfLoss).toBe(0)
  })

  it('are ruined in as many orders as there are: of a loss of 600 and a win of 500, half', () => {
    const { reshuffled } = of([-600, 500])
    expect(reshuffled.chanceOfRuin).toBeGreaterThan(0.47)
    expect(reshuffled.chanceOfRuin).toBeLessThan(0.53)
    expect(reshuffled.chanceOfLoss).toBe(1)
  })
})

describe('round trips drawn with replacement', () => {
  it('end as often in each sum as the binomial distribution says', () => {
    const { drawn } = of([100, -100])
    // Two draws: 1200 and 800 in a quarter each, 1000 in half.
    expect(drawn.endEquity).toEqual([800, drawn.endEquity[1], 1000, drawn.endEquity[3], 1200])
    expect(drawn.chanceOfLoss).toBeGreaterThan(0.23)
    expect(drawn.chanceOfLoss).toBeLessThan(0.27)
    expect(drawn.chanceOfRuin).toBe(0)
  })

  it('have quantiles that rise, falls that are no gains, and the same figures for the same seed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 99 }),
        (results, seed) => {
          const run = () => of(results, { draws: 200, random: seededRandom(seed) })
          const found = run()
          expect(run()).toEqual(found)
          for (const { endEquity, maxDrawdown, chanceOfRuin } of [found.reshuffled, found.drawn]) {
            expect(endEquity).toEqual(endEquity.toSorted((one, other) => one - other))
            expect(maxDrawdown).toEqual(maxDrawdown.toSorted((one, other) => one - other))
            for (const fall of maxDrawdown) expect(fall).toBeLessThanOrEqual(0)
            expect(chanceOfRuin).toBeGreaterThanOrEqual(0)
            expect(chanceOfRuin).toBeLessThanOrEqual(1)
          }
        },
      ),
      { numRuns: 50 },
    )
  })
})
