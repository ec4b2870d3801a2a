import { describe, expect, it } from 'vitest'

import { canCallExercisePay, isCallExerciseDue, isPutExerciseDue, neverExercisedFrom } from '../../../../market/option/early-exercise.ts'

describe('early exercise', () => {
  it('of a call is due when the dividend exceeds its time value', () => {
    expect(isCallExerciseDue({ price: 10.1, spot: 100, strike: 90, dividend: 0.25 })).toBe(true)
    expect(isCallExerciseDue({ price: 10.5, spot: 100, strike: 90, dividend: 0.25 })).toBe(false)
    expect(isCallExerciseDue({ price: 0.1, spot: 89, strike: 90, dividend: 0.25 })).toBe(false)
  })

  it('of a call cannot pay when the interest on the strike exceeds the dividend', () => {
    // 100 for a month at 6 % is 0.50.
    expect(canCallExercisePay({ dividend: 0.4, strike: 100, rate: 0.06, years: 1 / 12 })).toBe(false)
    expect(canCallExercisePay({ dividend: 0.6, strike: 100, rate: 0.06, years: 1 / 12 })).toBe(true)
  })

  it('of a call pays below the strike whose interest until the next dividend, or expiry, is what is paid', () => {
    const points = [{ days: 1, rate: 0.05 }]
    const dividends = [
      { days: 30, amount: 1 },
      { days: 120, amount: 1.2 },
      { days: 400, amount: 50 },
    ]
    const [first, second] = [1 / (1 - Math.exp((-0.05 * 90) / 365)), 1.2 / (1 - Math.exp((-0.05 * 245) / 365))]
    expect(first).toBeGreaterThan(second)
    expect(neverExercisedFrom(dividends, points, 365)).toBeCloseTo(first, 9)
    expect(neverExercisedFrom(dividends.slice(1), points, 365)).toBeCloseTo(second, 9)
    for (const [strike, pays] of [
      [first - 0.01, true],
      [first + 0.01, false],
    ] as const)
      expect(canCallExercisePay({ dividend: 1, strike, rate: 0.05, years: 90 / 365 })).toBe(pays)
  })

  it('of a call never pays without dividends, and always may when money brings nothing or the last dividend is on the last day', () => {
    const points = [{ days: 1, rate: 0.05 }]
    expect(neverExercisedFrom([], points, 365)).toBe(0)
    expect(neverExercisedFrom([{ days: 400, amount: 1 }], points, 365)).toBe(0)
    expect(neverExercisedFrom([{ days: 365, amount: 1 }], points, 365)).toBe(Number.POSITIVE_INFINITY)
    expect(neverExercisedFrom([{ days: 30, amount: 1 }], [], 365)).toBe(Number.POSITIVE_INFINITY)
  })

  it('of a put is due when the interest exceeds its time value and the dividends', () => {
    const put = { spot: 60, strike: 100, rate: 0.05, years: 0.5, dividends: 0 }
    expect(isPutExerciseDue({ ...put, price: 40.01 })).toBe(true)
    expect(isPutExerciseDue({ ...put, price: 43 })).toBe(false)
    expect(isPutExerciseDue({ ...put, price: 40.01, dividends: 3 })).toBe(false)
    expect(isPutExerciseDue({ ...put, spot: 101, price: 0.01 })).toBe(false)
  })
})
