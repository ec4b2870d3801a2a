import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { COMPOUNDINGS, continuousRate, termDays } from '../../../market/interest.ts'

describe('a continuous rate', () => {
  // Hull, chapter 4: 10 % semiannual is 9.758 % continuous.
  it.each([
    [0.1, 'semiannual', 365, 0.09758],
    [0.1, 'annual', 365, 0.09531],
    [0.12, 'monthly', 365, 0.1194],
    [0.08, 'quarterly', 30, 0.07921],
    [0.05, 'simple', 365, 0.04879],
    [0.05, 'simple-360', 90, 0.05038],
    [0.05, 'continuous', 90, 0.05],
  ] as const)('of %d %s over %i days is known', (rate, compounding, days, expected) => {
    expect(continuousRate(rate, compounding, days)).toBeCloseTo(expected, 5)
  })

  it('rises with the rate it is made of, and is 0 for 0', () => {
    const rate = fc.double({ min: -0.3, max: 1, noNaN: true })
    fc.assert(
      fc.property(rate, rate, fc.constantFrom(...COMPOUNDINGS), fc.integer({ min: 1, max: 800 }), (a, b, compounding, days) => {
        expect(continuousRate(0, compounding, days)).toBe(0)
        if (b - a > 1e-9) expect(continuousRate(a, compounding, days)).toBeLessThan(continuousRate(b, compounding, days))
      }),
    )
  })

  it('does not exist where more than everything is lost', () => {
    expect(continuousRate(-1.5, 'annual', 365)).toBeNaN()
  })
})

describe('the days of a term', () => {
  it.each([
    ['1D', 1],
    ['ON', 1],
    ['2W', 14],
    ['45', 45],
    ['1M', 28],
    ['1 Mo', 28],
    ['3 months', 89],
    ['1Y', 365],
    ['2 Yr', 731],
  ])('%s are %i from 2023-01-31 on', (term, days) => {
    expect(termDays(term, '2023-01-31')).toBe(days)
  })

  it.each(['', '0', '0M', 'M', '1Q', '-3M', 'rate', '1.5Y'])('are not in %j', (term) => {
    expect(termDays(term, '2023-01-31')).toBeUndefined()
  })
})
