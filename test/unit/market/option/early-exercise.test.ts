import { describe, expect, it } from 'vitest'

import { canCallExercisePay, isCallExerciseDue, isPutExerciseDue } from '../../../../market/option/early-exercise.ts'

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

  it('of a put is due when the interest exceeds its time value and the dividends', () => {
    const put = { spot: 60, strike: 100, rate: 0.05, years: 0.5, dividends: 0 }
    expect(isPutExerciseDue({ ...put, price: 40.01 })).toBe(true)
    expect(isPutExerciseDue({ ...put, price: 43 })).toBe(false)
    expect(isPutExerciseDue({ ...put, price: 40.01, dividends: 3 })).toBe(false)
    expect(isPutExerciseDue({ ...put, spot: 101, price: 0.01 })).toBe(false)
  })
})
