import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { americanPrice } from '../../../../market/option/american.ts'
import { lowerBound, parityHigh, parityLow, upperBound, verticalHigh } from '../../../../market/option/bounds.ts'
import { impliedVolatility } from '../../../../market/option/implied-volatility.ts'
import { type OptionTerms, optionPrice, optionValue } from '../../../../market/option/pricing.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const terms = fc.record({
  right: fc.constantFrom('C' as const, 'P' as const),
  spot: number(50, 200),
  strike: number(50, 200),
  years: number(0.001, 3),
  rate: number(-0.02, 0.12),
  dividendYield: number(0, 0.1),
})
const volatility = number(0.03, 1.5)
const discountOf = ({ rate, years }: OptionTerms) => Math.exp(-rate * years)
/** Of the strike: what an American price may be off by. */
const OFF = 1e-4

describe('European prices', () => {
  it('of call and put differ by the forward less the strike, discounted', () => {
    fc.assert(
      fc.property(terms, volatility, (terms, volatility) => {
        const difference = optionPrice({ ...terms, right: 'C' }, volatility) - optionPrice({ ...terms, right: 'P' }, volatility)
        const parity = terms.spot * Math.exp(-terms.dividendYield * terms.years) - terms.strike * discountOf(terms)
        expect(difference).toBeCloseTo(parity, 10)
      }),
    )
  })

  it('rise with volatility, and with the spot for a call', () => {
    fc.assert(
      fc.property(terms, volatility, number(0.001, 0.5), (terms, volatility, more) => {
        expect(optionPrice(terms, volatility + more)).toBeGreaterThanOrEqual(optionPrice(terms, volatility) - 1e-12)
        const higher = optionPrice({ ...terms, spot: terms.spot * (1 + more) }, volatility)
        const sign = terms.right === 'C' ? 1 : -1
        expect(sign * (higher - optionPrice(terms, volatility))).toBeGreaterThanOrEqual(-1e-12)
      }),
    )
  })

  it('give back their volatility wherever vega is not tiny, and a reason or a number otherwise', () => {
    fc.assert(
      fc.property(terms, volatility, (terms, volatility) => {
        const solved = impliedVolatility(terms, optionPrice(terms, volatility))
        if (optionValue(terms, volatility).vega > 0.01) expect(solved).toBeCloseTo(volatility, 10)
        else expect(['number', 'string']).toContain(typeof solved)
      }),
      { numRuns: 1000 },
    )
  })

  it('or any other number for a price end in a volatility that explains it, or in a reason', () => {
    fc.assert(
      fc.property(terms, fc.double(), (terms, price) => {
        const solved = impliedVolatility(terms, price)
        if (typeof solved !== 'number') return
        expect(Math.abs(optionPrice(terms, solved) - price)).toBeLessThanOrEqual(1e-9 * Math.max(1, price))
      }),
      { numRuns: 1000 },
    )
  })

  it('keep to their bounds', () => {
    fc.assert(
      fc.property(terms, volatility, (terms, volatility) => {
        const { right, spot, strike } = terms
        const discount = discountOf(terms)
        const dividends = spot * -Math.expm1(-terms.dividendYield * terms.years)
        const price = optionPrice(terms, volatility)
        expect(price).toBeGreaterThanOrEqual(lowerBound('european', right, spot, strike, discount, dividends) - 1e-10)
        expect(price).toBeLessThanOrEqual(upperBound('european', right, spot, strike, discount, dividends) + 1e-10)
      }),
    )
  })
})

describe('American prices', () => {
  const few = { numRuns: 60 }

  it('are never below European ones nor below exercise, and keep to their bounds', () => {
    fc.assert(
      fc.property(terms, volatility, (terms, volatility) => {
        const { right, spot, strike } = terms
        const discount = discountOf(terms)
        const dividends = spot * -Math.expm1(-terms.dividendYield * terms.years)
        const price = americanPrice(terms, volatility)
        expect(price).toBeGreaterThanOrEqual(optionPrice(terms, volatility) - OFF * strike)
        expect(price).toBeGreaterThanOrEqual(lowerBound('american', right, spot, strike, discount, dividends) - OFF * strike)
        expect(price).toBeLessThanOrEqual(upperBound('american', right, spot, strike, discount, dividends) + OFF * strike)
      }),
      few,
    )
  })

  it('of call and put keep within the parity of American options', () => {
    fc.assert(
      fc.property(terms, volatility, (terms, volatility) => {
        const { spot, strike } = terms
        const dividends = spot * -Math.expm1(-terms.dividendYield * terms.years)
        const difference = americanPrice({ ...terms, right: 'C' }, volatility) - americanPrice({ ...terms, right: 'P' }, volatility)
        expect(difference).toBeGreaterThanOrEqual(parityLow('american', spot, strike, discountOf(terms), dividends) - OFF * strike)
        expect(difference).toBeLessThanOrEqual(parityHigh('american', spot, strike, discountOf(terms), dividends) + OFF * strike)
      }),
      few,
    )
  })

  it('of two strikes differ by no more than the strikes, and rise with volatility and time', () => {
    fc.assert(
      fc.property(terms, volatility, number(0.01, 0.5), (terms, volatility, more) => {
        const price = americanPrice(terms, volatility)
        const wider = americanPrice({ ...terms, strike: terms.strike * (1 + more) }, volatility)
        const [low, high] = terms.right === 'C' ? [wider, price] : [price, wider]
        expect(high - low).toBeGreaterThanOrEqual(-OFF * terms.strike)
        expect(high - low).toBeLessThanOrEqual(verticalHigh('american', terms.strike * more, discountOf(terms)) + OFF * terms.strike)
        expect(americanPrice(terms, volatility + more)).toBeGreaterThanOrEqual(price - OFF * terms.strike)
        expect(americanPrice({ ...terms, years: terms.years * (1 + more) }, volatility)).toBeGreaterThanOrEqual(price - OFF * terms.strike)
      }),
      few,
    )
  })
})
