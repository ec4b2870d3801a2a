import { describe, expect, it } from 'vitest'

import { binomialPrice } from '../../../../market/option/binomial.ts'
import { presentValue } from '../../../../market/option/dividends.ts'
import { optionPrice } from '../../../../market/option/pricing.ts'

const call = { right: 'C', spot: 100, strike: 105, years: 0.75, rate: 0.04, dividendYield: 0 } as const

describe('the binomial tree', () => {
  it('prices an option that is not exercised early as the closed form does', () => {
    expect(binomialPrice(call, 0.3)).toBeCloseTo(optionPrice(call, 0.3), 4)
    expect(Math.abs(binomialPrice(call, 0.3, [], 101) - optionPrice(call, 0.3))).toBeLessThan(1e-3)
  })

  it('takes the present value of dividends off the spot', () => {
    const dividends = [{ years: 0.7, amount: 0.01 }]
    const spot = call.spot - presentValue(dividends, call.rate, 0, call.years)
    expect(binomialPrice(call, 0.3, dividends)).toBeCloseTo(optionPrice({ ...call, spot }, 0.3), 3)
  })

  it('is the certain price where the strike cannot be reached', () => {
    expect(binomialPrice({ ...call, spot: 150 }, 1e-4)).toBeCloseTo(150 - 105 * Math.exp(-0.04 * 0.75), 9)
  })
})

describe('the present value of dividends', () => {
  it('counts those after the one time and up to the other', () => {
    const dividends = [
      { years: 0.1, amount: 1 },
      { years: 0.5, amount: 2 },
    ]
    expect(presentValue(dividends, 0, 0, 1)).toBe(3)
    expect(presentValue(dividends, 0, 0.1, 1)).toBe(2)
    expect(presentValue(dividends, 0, 0, 0.1)).toBe(1)
    expect(presentValue(dividends, 0.1, 0.1, 0.5)).toBeCloseTo(2 * Math.exp(-0.04), 12)
  })
})
