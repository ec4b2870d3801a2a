import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { impliedVolatility } from '../../../../market/option/implied-volatility.ts'
import { normalCumulative } from '../../../../market/option/normal.ts'
import { type OptionTerms, optionPrice, optionValue } from '../../../../market/option/pricing.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/option-pricing')

interface Published {
  terms: OptionTerms
  volatility: number
  value: number
  tolerance: number
}

/** The European rows of published values. */
const europeans = readFileSync(join(FIXTURES, 'option_values.csv'), 'utf8')
  .trim()
  .split('\n')
  .filter((line) => line.startsWith('european'))
  .map((line): Published => {
    const [, type, strike, spot, q, r, years, volatility, value, tolerance] = line.split(',')
    const terms: OptionTerms = {
      right: type === 'Call' ? 'C' : 'P',
      strike: Number(strike),
      spot: Number(spot),
      dividendYield: Number(q),
      rate: Number(r),
      years: Number(years),
    }
    return { terms, volatility: Number(volatility), value: Number(value), tolerance: Number(tolerance) }
  })

describe('the normal distribution', () => {
  it('has the published values', () => {
    // Abramowitz and Stegun, table 26.1.
    expect(normalCumulative(0)).toBe(0.5)
    expect(normalCumulative(1)).toBeCloseTo(0.841344746068543, 14)
    expect(normalCumulative(-1.96)).toBeCloseTo(0.024997895148220435, 14)
    expect(normalCumulative(3)).toBeCloseTo(0.99865010196837, 14)
    // Table 26.2: -log10 of the upper tail at 10 is 23.11805.
    expect(-Math.log10(normalCumulative(-10))).toBeCloseTo(23.11805, 5)
  })
})

describe('a European option', () => {
  it.each(europeans)(
    'is worth $value as published: $terms.right $terms.strike at $terms.spot',
    ({ terms, volatility, value, tolerance }) => {
      expect(Math.abs(optionPrice(terms, volatility) - value)).toBeLessThanOrEqual(tolerance)
      expect(optionValue(terms, volatility).price).toBeCloseTo(optionPrice(terms, volatility), 12)
    },
  )

  it('is worth its discounted intrinsic value at expiry and without volatility', () => {
    const terms: OptionTerms = { right: 'C', spot: 105, strike: 100, years: 1, rate: 0.05, dividendYield: 0 }
    expect(optionPrice(terms, 0)).toBeCloseTo(105 - 100 * Math.exp(-0.05), 12)
    expect(optionPrice({ ...terms, years: 0 }, 0.3)).toBe(5)
    expect(optionValue({ ...terms, years: 0 }, 0.3)).toMatchObject({ price: 5, delta: 1, gamma: 0 })
  })

  it('has the published greeks', () => {
    const rows: {
      greek: string
      type: string
      strike: number
      spot: number
      q: number
      r: number
      t: number
      vol: number
      value: number
    }[] = JSON.parse(readFileSync(join(FIXTURES, 'greeks_haug.json'), 'utf8'))
    expect(rows.length).toBeGreaterThan(5)
    for (const { greek, type, strike, spot, q, r, t, vol, value } of rows) {
      const greeks = optionValue({ right: type === 'Call' ? 'C' : 'P', strike, spot, dividendYield: q, rate: r, years: t }, vol)
      const known: Record<string, number> = { ...greeks, theta_per_year: greeks.theta, theta_per_day: greeks.theta / 365 }
      if (known[greek] !== undefined) expect(known[greek], greek).toBeCloseTo(value, 3)
    }
  })
})

describe('the implied volatility', () => {
  it.each(europeans)('gives back the volatility of $terms.right $terms.strike at $terms.spot', ({ terms, volatility }) => {
    const solved = impliedVolatility(terms, optionPrice(terms, volatility))
    // Where vega is tiny the price says little about the volatility.
    const digits = optionValue(terms, volatility).vega > 0.01 ? 9 : 1
    expect(solved).toBeCloseTo(volatility, digits)
  })

  it('is absent where no volatility gives the price', () => {
    const terms: OptionTerms = { right: 'C', spot: 100, strike: 80, years: 0.5, rate: 0, dividendYield: 0 }
    expect(impliedVolatility(terms, 20)).toBeUndefined()
    expect(impliedVolatility(terms, 19)).toBeUndefined()
    expect(impliedVolatility(terms, 100)).toBeUndefined()
    expect(impliedVolatility({ ...terms, years: 0 }, 25)).toBeUndefined()
    expect(impliedVolatility(terms, Number.NaN)).toBeUndefined()
  })
})
