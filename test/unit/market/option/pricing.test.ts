import { describe, expect, it } from 'vitest'

import { normalCumulative } from '../../../../market/option/normal.ts'
import { type OptionTerms, type OptionValue, optionPrice, optionValue } from '../../../../market/option/pricing.ts'
import { publishedGreeks, publishedGrid, publishedOf } from './published.ts'

const europeans = publishedOf('european')

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
  it('is checked against all 43 published values', () => {
    expect(europeans).toHaveLength(43)
  })

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
    expect(optionValue({ ...terms, years: 0 }, 0.3)).toMatchObject({ price: 5, delta: 1, gamma: 0, vanna: 0, volga: 0 })
  })

  it('has all 8 published greeks', () => {
    expect(publishedGreeks).toHaveLength(8)
    for (const { greek, type, strike, spot, q, r, t, vol, value } of publishedGreeks) {
      const greeks = optionValue({ right: type === 'Call' ? 'C' : 'P', strike, spot, dividendYield: q, rate: r, years: t }, vol)
      const known: Record<string, number> = {
        ...greeks,
        theta_per_year: greeks.theta,
        theta_per_day: greeks.theta / 365,
        dividend_rho: greeks.dividendRho,
      }
      // Printed to four digits.
      expect(Math.abs((known[greek] ?? Number.NaN) - value), greek).toBeLessThanOrEqual(0.6e-4)
    }
  })

  it('has the prices and greeks of all 101 rows of another implementation, which are per 1.00 and per year', () => {
    expect(publishedGrid.data).toHaveLength(101)
    for (const row of publishedGrid.data) {
      const cell = (name: string) => row[publishedGrid.columns.indexOf(name)] ?? Number.NaN
      for (const right of ['C', 'P'] as const) {
        const terms = { right, spot: cell('S'), strike: cell('K'), rate: cell('R'), years: cell('t'), dividendYield: 0 }
        const ours = optionValue(terms, cell('v'))
        // Printed to nine or ten digits.
        const expectClose = (value: number, name: string) =>
          expect(Math.abs(value - cell(name)), `${name} at ${terms.spot}`).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)))
        expectClose(ours.price, right === 'C' ? 'bs_call' : 'bs_put')
        if (right === 'C') expectClose(ours.price, 'call_vals')
        expectClose(ours.delta, `${right}D`)
        expectClose(ours.gamma, `${right}G`)
        expectClose(ours.theta, `${right}T`)
        expectClose(ours.vega, `${right}V`)
        expectClose(ours.rho, `${right}R`)
      }
    }
  })

  it.each(europeans)('has greeks that are the slopes of its price: $terms.right $terms.strike at $terms.spot', ({ terms, volatility }) => {
    const at = (by: Partial<Record<'spot' | 'years' | 'rate' | 'dividendYield', number>>, volatilityBy = 0): OptionValue => {
      const moved = { ...terms }
      for (const [name, amount] of Object.entries(by)) moved[name as 'spot'] += amount
      return optionValue(moved, volatility + volatilityBy)
    }
    const slope = (name: keyof OptionValue, by: 'spot' | 'years' | 'rate' | 'dividendYield' | 'volatility', step: number) =>
      by === 'volatility'
        ? (at({}, step)[name] - at({}, -step)[name]) / (2 * step)
        : (at({ [by]: step })[name] - at({ [by]: -step })[name]) / (2 * step)
    const value = optionValue(terms, volatility)
    const spotStep = terms.spot * 1e-5
    const expectClose = (ours: number, slope: number, name: string) =>
      expect(Math.abs(ours - slope), name).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(slope)))
    expectClose(value.delta, slope('price', 'spot', spotStep), 'delta')
    expectClose(value.gamma, slope('delta', 'spot', spotStep), 'gamma')
    expectClose(value.vega, slope('price', 'volatility', 1e-5), 'vega')
    expectClose(value.theta, -slope('price', 'years', 1e-6), 'theta')
    expectClose(value.rho, slope('price', 'rate', 1e-6), 'rho')
    expectClose(value.dividendRho, slope('price', 'dividendYield', 1e-6), 'dividendRho')
    expectClose(value.vanna, slope('delta', 'volatility', 1e-5), 'vanna')
    expectClose(value.volga, slope('vega', 'volatility', 1e-5), 'volga')
    expectClose(value.charm, -slope('delta', 'years', 1e-6), 'charm')
  })
})
