import { describe, expect, it } from 'vitest'

import { americanImpliedVolatility } from '../../../../market/option/american-implied-volatility.ts'
import { americanValue } from '../../../../market/option/american-value.ts'
import { americanPrice, exerciseBoundary } from '../../../../market/option/american.ts'
import { binomialPrice } from '../../../../market/option/binomial.ts'
import { type OptionTerms, optionPrice, optionValue } from '../../../../market/option/pricing.ts'
import { publishedOf } from './published.ts'

const put: OptionTerms = { right: 'P', spot: 95, strike: 100, years: 0.5, rate: 0.05, dividendYield: 0.02 }
const call: OptionTerms = { right: 'C', spot: 105, strike: 100, years: 0.5, rate: 0.05, dividendYield: 0.08 }

/** What approximations of the three sources may be off by, as their authors and others report; ours is compared with a tree below. */
const OFF = [
  { style: 'american_BAW', rows: 37, share: 0.01, absolute: 0.002 },
  { style: 'american_exact_Ju', rows: 47, share: 0.01, absolute: 0.002 },
]

describe('an American option', () => {
  it.each(OFF)('is within the error of the approximation $style on all its rows', ({ style, rows, share, absolute }) => {
    const published = publishedOf(style)
    expect(published).toHaveLength(rows)
    for (const { terms, volatility, value } of published)
      expect(Math.abs(americanPrice(terms, volatility) - value)).toBeLessThanOrEqual(share * value + absolute)
  })

  it('is worth no less than exercise at a flat boundary, which is what Bjerksund and Stensland price', () => {
    const published = publishedOf('american_BjS')
    expect(published).toHaveLength(8)
    for (const { terms, volatility, value, tolerance } of published)
      expect(americanPrice(terms, volatility)).toBeGreaterThanOrEqual(value - tolerance)
  })

  it.each([
    { terms: put, volatility: 0.25 },
    { terms: { ...put, years: 3, rate: 0.1, dividendYield: 0 }, volatility: 0.2 },
    { terms: { ...put, years: 3, rate: 0.02, dividendYield: 0.07 }, volatility: 0.4 },
    { terms: { ...put, years: 3, rate: 0.1, dividendYield: 0, spot: 101 }, volatility: 0.08 },
    { terms: { ...put, years: 0.01 }, volatility: 0.4 },
    { terms: call, volatility: 0.25 },
    { terms: { ...call, years: 3, rate: 0.03, dividendYield: 0.07 }, volatility: 0.2 },
    { terms: { ...call, rate: 0, dividendYield: 0.05 }, volatility: 0.3 },
    { terms: { ...call, rate: -0.01, dividendYield: 0.05 }, volatility: 0.3 },
    { terms: { ...put, rate: -0.005, dividendYield: -0.02 }, volatility: 0.2 },
  ])('agrees with a tree of many steps: $terms.right, $terms.years years, $volatility', ({ terms, volatility }) => {
    const tree = (binomialPrice(terms, volatility, [], 1601) + binomialPrice(terms, volatility, [], 1801)) / 2
    expect(Math.abs(americanPrice(terms, volatility) - tree)).toBeLessThanOrEqual(2e-5 * terms.strike)
  })

  it('is worth the European one where exercise never pays', () => {
    const plain = { ...call, dividendYield: 0 }
    expect(americanPrice(plain, 0.3)).toBe(optionPrice(plain, 0.3))
    expect(americanPrice({ ...put, rate: 0 }, 0.3)).toBe(optionPrice({ ...put, rate: 0 }, 0.3))
  })

  it('is worth its exercise value at expiry and behind the boundary', () => {
    expect(americanPrice({ ...put, years: 0 }, 0.3)).toBe(5)
    expect(americanPrice({ ...put, spot: 40 }, 0.2)).toBe(60)
    expect(americanPrice({ ...call, spot: 200 }, 0.2)).toBe(100)
  })

  it('is worth the best exercise along the forward when there is no volatility', () => {
    // A put loses by waiting; the call waits until the interest saved is no more than the dividends.
    expect(americanPrice({ ...put, dividendYield: 0 }, 0)).toBe(5)
    const { spot, strike } = call
    const expected = Math.max(...Array.from({ length: 501 }, (_, i) => spot * Math.exp(-0.00008 * i) - strike * Math.exp(-0.00005 * i)))
    expect(americanPrice(call, 0)).toBeCloseTo(expected, 6)
    expect(americanPrice(call, 1e-4)).toBeCloseTo(americanPrice(call, 0), 3)
  })
})

describe('an American option on a stock that pays dividends on known days', () => {
  const terms: OptionTerms = { right: 'C', spot: 100, strike: 90, years: 0.5, rate: 0.03, dividendYield: 0 }
  const dividends = [{ years: 0.25, amount: 4 }]

  it('may be exercised the evening before, which is worth more than to wait', () => {
    const american = americanPrice(terms, 0.2, dividends)
    const spot = terms.spot - 4 * Math.exp(-0.03 * 0.25)
    expect(american).toBeGreaterThan(optionPrice({ ...terms, spot }, 0.2) + 0.1)
    expect(american).toBeLessThan(americanPrice(terms, 0.2))
  })

  it('has the published value of a call with two dividends', () => {
    // Hull, ch. 15, Black's approximation: 0.5 in two and five months, spot and strike 40, 30 %, 9 %, six months: European 3.67,
    // exercised before the second 3.52.
    const hull: OptionTerms = { right: 'C', spot: 40, strike: 40, years: 0.5, rate: 0.09, dividendYield: 0 }
    const two = [
      { years: 2 / 12, amount: 0.5 },
      { years: 5 / 12, amount: 0.5 },
    ]
    const american = americanPrice(hull, 0.3, two)
    expect(american).toBeGreaterThanOrEqual(3.67)
    expect(american).toBeLessThan(3.76)
  })

  it('pays nothing to who holds the option, so that a put gains and dividends behind the expiry change nothing', () => {
    const put: OptionTerms = { ...terms, right: 'P', strike: 100 }
    expect(americanPrice(put, 0.2, dividends)).toBeGreaterThan(americanPrice(put, 0.2))
    expect(americanPrice(put, 0.2, [{ years: 0.6, amount: 4 }])).toBe(americanPrice(put, 0.2))
  })
})

describe('the exercise boundary', () => {
  it('is where the price leaves the exercise value', () => {
    for (const terms of [put, call]) {
      const boundary = exerciseBoundary(terms, 0.25) ?? Number.NaN
      const sign = terms.right === 'C' ? 1 : -1
      const timeValue = (spot: number) => americanPrice({ ...terms, spot }, 0.25) - sign * (spot - terms.strike)
      expect(timeValue(boundary * (1 + sign * 0.001))).toBe(0)
      expect(timeValue(boundary * (1 - sign * 0.05))).toBeGreaterThan(0.01)
      expect(timeValue(boundary * (1 - sign * 0.01))).toBeLessThan(0.05)
    }
  })

  it('is known in closed form for an option that hardly ever expires and one about to', () => {
    // Merton (1973): K g / (g + 1) with g = 2 r / variance, without dividends.
    const perpetual = (100 * (2 * 0.05)) / 0.09 / ((2 * 0.05) / 0.09 + 1)
    expect(exerciseBoundary({ ...put, dividendYield: 0, years: 100 }, 0.3)).toBeCloseTo(perpetual, 1)
    // At expiry K for a put whose rate exceeds its yield, else K r / q.
    expect(exerciseBoundary({ ...put, years: 1e-8 }, 0.3)).toBeCloseTo(100, 1)
    expect(exerciseBoundary({ ...put, dividendYield: 0.1, years: 1e-8 }, 0.3)).toBeCloseTo(50, 1)
  })

  it('is absent where exercise never pays', () => {
    expect(exerciseBoundary({ ...call, dividendYield: 0 }, 0.3)).toBeUndefined()
    expect(exerciseBoundary({ ...put, rate: 0 }, 0.3)).toBeUndefined()
    expect(exerciseBoundary({ ...put, years: 0 }, 0.3)).toBeUndefined()
  })
})

describe('the greeks of an American option', () => {
  it('are those of the European one where exercise never pays', () => {
    const terms = { ...call, dividendYield: 0 }
    const [american, european] = [americanValue(terms, 0.3), optionValue(terms, 0.3)]
    for (const name of ['delta', 'vega', 'theta', 'rho'] as const)
      expect(Math.abs(american[name] / european[name] - 1), name).toBeLessThan(0.01)
    for (const name of ['gamma', 'vanna', 'volga', 'charm'] as const)
      expect(Math.abs(american[name] - european[name]), name).toBeLessThan(0.02 * Math.max(1, Math.abs(european[name])))
  })

  it('keep to the equation of Black, Scholes and Merton while the option is kept', () => {
    const { price, delta, gamma, theta } = americanValue(put, 0.25)
    const { spot, rate, dividendYield } = put
    const change = theta + 0.5 * 0.25 ** 2 * spot ** 2 * gamma + (rate - dividendYield) * spot * delta - rate * price
    expect(Math.abs(change)).toBeLessThan(0.05)
  })
})

describe('the implied volatility of an American option', () => {
  it.each([
    { terms: put, volatility: 0.25 },
    { terms: { ...put, spot: 100, years: 2 }, volatility: 0.6 },
    { terms: call, volatility: 0.35 },
    { terms: { ...call, dividendYield: 0 }, volatility: 0.15 },
  ])('gives back $volatility of a price: $terms.right, $terms.years years', ({ terms, volatility }) => {
    expect(americanImpliedVolatility(terms, americanPrice(terms, volatility))).toBeCloseTo(volatility, 6)
  })

  it('gives back the volatility of a price with a dividend on a known day', () => {
    const dividends = [{ years: 0.2, amount: 1.5 }]
    const terms = { ...put, dividendYield: 0 }
    expect(americanImpliedVolatility(terms, americanPrice(terms, 0.3, dividends), dividends)).toBeCloseTo(0.3, 6)
  })

  it('gives the reason where there is none', () => {
    expect(americanImpliedVolatility(put, 5)).toBe('below-intrinsic')
    expect(americanImpliedVolatility(put, 4)).toBe('below-intrinsic')
    expect(americanImpliedVolatility(put, 100)).toBe('above-bound')
    expect(americanImpliedVolatility({ ...call, years: 0.01 }, 104.9)).toBe('above-bound')
    expect(americanImpliedVolatility(put, undefined)).toBe('no-price')
    expect(americanImpliedVolatility(put, Number.NaN)).toBe('no-price')
    expect(americanImpliedVolatility({ ...put, years: 0 }, 6)).toBe('expired')
    expect(americanImpliedVolatility({ ...put, spot: Number.NaN }, 6)).toBe('no-terms')
  })
})
