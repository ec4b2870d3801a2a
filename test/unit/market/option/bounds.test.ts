import { describe, expect, it } from 'vitest'

import {
  butterflyWeight,
  exerciseStyleOf,
  isPricedOffSpot,
  isStyleKnown,
  lowerBound,
  parityHigh,
  parityLow,
  upperBound,
  verticalHigh,
} from '../../../../market/option/bounds.ts'

describe('the bounds of an option', () => {
  it('are exercise now for an American option and the forward for a European one', () => {
    expect(lowerBound('american', 'P', 80, 100, 0.95, 0)).toBe(20)
    expect(lowerBound('european', 'P', 80, 100, 0.95, 0)).toBe(15)
    expect(lowerBound('american', 'C', 120, 100, 0.95, 0)).toBe(25)
    expect(lowerBound('american', 'C', 120, 100, 0.95, 10)).toBe(20)
    expect(lowerBound('european', 'C', 120, 100, 0.95, 10)).toBe(15)
    expect(lowerBound('european', 'C', 80, 100, 0.95, 0)).toBe(0)
  })

  it('end at what a call delivers and a put is paid with', () => {
    expect(upperBound('american', 'C', 120, 100, 0.95, 10)).toBe(120)
    expect(upperBound('european', 'C', 120, 100, 0.95, 10)).toBe(110)
    expect(upperBound('american', 'P', 120, 100, 0.95, 10)).toBe(100)
    expect(upperBound('european', 'P', 120, 100, 0.95, 10)).toBe(95)
  })

  it('hold call and put of one strike together: exactly when European, within interest and dividends when American', () => {
    expect(parityLow('european', 100, 100, 0.95, 2)).toBe(3)
    expect(parityHigh('european', 100, 100, 0.95, 2)).toBe(3)
    expect(parityLow('american', 100, 100, 0.95, 2)).toBe(-2)
    expect(parityHigh('american', 100, 100, 0.95, 2)).toBe(5)
  })

  it('widen to the undiscounted strike when rates are negative', () => {
    expect(parityLow('american', 100, 100, 1.01, 0)).toBe(-1)
    expect(parityHigh('american', 100, 100, 1.01, 0)).toBe(0)
    expect(upperBound('american', 'P', 100, 100, 1.01, 0)).toBe(101)
    expect(verticalHigh('american', 10, 1.01)).toBeCloseTo(10.1, 12)
  })

  it('of a vertical are its width, discounted when European, and of a butterfly the share of its wings', () => {
    expect(verticalHigh('american', 10, 0.95)).toBe(10)
    expect(verticalHigh('european', 10, 0.95)).toBe(9.5)
    expect(butterflyWeight(90, 100, 110)).toBe(0.5)
    expect(butterflyWeight(90, 95, 110)).toBe(0.75)
  })

  it('know which options are European and which are not tied to the index itself', () => {
    expect(exerciseStyleOf({ symbol: 'TWX', tradingClass: 'TWX' })).toBe('american')
    expect(exerciseStyleOf({ symbol: 'SPX', tradingClass: 'SPXW' })).toBe('european')
    expect(exerciseStyleOf({ symbol: 'OEX', tradingClass: 'OEX' })).toBe('american')
    expect(exerciseStyleOf({ symbol: 'XEO', tradingClass: 'XEO' })).toBe('european')
    // A stock that happens to have the root of an index class.
    expect(exerciseStyleOf({ symbol: 'NDXX', tradingClass: 'NDX' })).toBe('american')
    expect(isStyleKnown({ tradingClass: 'TWX', currency: 'USD' })).toBe(true)
    expect(isStyleKnown({ tradingClass: 'SPXW', currency: 'CAD' })).toBe(true)
    expect(isStyleKnown({ tradingClass: 'ALV', currency: 'EUR' })).toBe(false)
    expect(isPricedOffSpot({ symbol: 'VIX', tradingClass: 'VIXW' })).toBe(false)
    expect(isPricedOffSpot({ symbol: 'SPX', tradingClass: 'SPXW' })).toBe(true)
    expect(isPricedOffSpot({ symbol: 'BRK B', tradingClass: 'BRKB' })).toBe(true)
    expect(isPricedOffSpot({ symbol: 'TWX', tradingClass: 'TWX1' })).toBe(false)
  })
})
