import { describe, expect, it } from 'vitest'

import { impliedVolatility } from '../../../../market/option/implied-volatility.ts'
import { type OptionTerms, optionPrice, optionValue } from '../../../../market/option/pricing.ts'
import { publishedOf } from './published.ts'

describe('the implied volatility', () => {
  it.each(publishedOf('european'))('gives back the volatility of $terms.right $terms.strike at $terms.spot', ({ terms, volatility }) => {
    const solved = impliedVolatility(terms, optionPrice(terms, volatility))
    // Where vega is tiny the price says little about the volatility.
    const digits = optionValue(terms, volatility).vega > 0.01 ? 11 : 1
    expect(solved).toBeCloseTo(volatility, digits)
  })

  const terms: OptionTerms = { right: 'C', spot: 100, strike: 80, years: 0.5, rate: 0, dividendYield: 0 }

  it('gives the reason where no volatility explains the price', () => {
    expect(impliedVolatility(terms, 20)).toBe('below-intrinsic')
    expect(impliedVolatility(terms, 19)).toBe('below-intrinsic')
    expect(impliedVolatility(terms, 100)).toBe('above-bound')
    expect(impliedVolatility({ ...terms, right: 'P' }, 80)).toBe('above-bound')
    expect(impliedVolatility({ ...terms, years: 0 }, 25)).toBe('expired')
    expect(impliedVolatility({ ...terms, years: -1 }, 25)).toBe('expired')
  })

  it('gives the reason where there is no price or nothing to price', () => {
    expect(impliedVolatility(terms, Number.NaN)).toBe('no-price')
    expect(impliedVolatility(terms, undefined)).toBe('no-price')
    expect(impliedVolatility(terms, 0)).toBe('no-price')
    expect(impliedVolatility(terms, -1)).toBe('no-price')
    expect(impliedVolatility({ ...terms, spot: 0 }, 25)).toBe('no-terms')
    expect(impliedVolatility({ ...terms, strike: Number.NaN }, 25)).toBe('no-terms')
    expect(impliedVolatility({ ...terms, rate: Number.NaN }, 25)).toBe('no-terms')
  })

  it('is found far out of the money, where the first steps meet prices too small for a number', () => {
    const far: OptionTerms = { right: 'C', spot: 76, strike: 162.6, years: 0.337, rate: 0, dividendYield: 0 }
    for (const volatility of [0.05, 0.1, 0.2, 0.33, 0.5, 1, 3])
      expect(impliedVolatility(far, optionPrice(far, volatility))).toBeCloseTo(volatility, 9)
  })

  it('takes the price of 1000 % a year and above for no option market', () => {
    const price = optionPrice({ ...terms, years: 0.01 }, 12)
    expect(impliedVolatility({ ...terms, years: 0.01 }, price)).toBe('above-bound')
    expect(impliedVolatility({ ...terms, years: 0.01 }, optionPrice({ ...terms, years: 0.01 }, 9.9))).toBeCloseTo(9.9, 10)
  })
})
