import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { OptionModel } from '../../../../../backtester/gateway/book/option-model.ts'
import { JUNE_70_CALL, JUNE_70_PUT, OPEN_US, SECOND_US } from '../../../../support/gateway/gateway-tape.ts'

/** 2014-06-20 16:00 in New York, the last session before the Saturday of the expiry. */
const CLOSE_US = Date.UTC(2014, 5, 20, 20) * 1000

describe('the model of computed option values', () => {
  it('finds the volatility again of which it made a price', () => {
    const volatilities = fc.double({ min: 0.1, max: 2, noNaN: true })
    const spots = fc.double({ min: 65, max: 75, noNaN: true })
    fc.assert(
      fc.property(volatilities, spots, fc.constantFrom(JUNE_70_CALL, JUNE_70_PUT), (volatility, spot, contract) => {
        const model = new OptionModel(contract, 0.03)
        const priced = model.ofVolatility(OPEN_US, spot, volatility)
        const back = model.ofPrice(OPEN_US, spot, priced?.optionPrice ?? Number.NaN)
        expect(back?.impliedVolatility).toBeCloseTo(volatility, 6)
        expect(back?.delta).toBeCloseTo(priced?.delta ?? Number.NaN, 6)
      }),
    )
  })

  it('gives vega per point and theta per day', () => {
    const figures = new OptionModel(JUNE_70_CALL, 0).ofVolatility(OPEN_US, 70, 0.2)
    const dearer = new OptionModel(JUNE_70_CALL, 0).ofVolatility(OPEN_US, 70, 0.21)
    const later = new OptionModel(JUNE_70_CALL, 0).ofVolatility(OPEN_US + 86_400 * SECOND_US, 70, 0.2)
    expect((dearer?.optionPrice ?? 0) - (figures?.optionPrice ?? 0)).toBeCloseTo(figures?.vega ?? Number.NaN, 3)
    expect((later?.optionPrice ?? 0) - (figures?.optionPrice ?? 0)).toBeCloseTo(figures?.theta ?? Number.NaN, 2)
  })

  it('ends with the last session before the expiry', () => {
    const model = new OptionModel(JUNE_70_CALL, 0)
    expect(model.ofVolatility(CLOSE_US - 1, 70, 0.2)).toBeDefined()
    expect(model.ofVolatility(CLOSE_US, 70, 0.2)).toBeUndefined()
    expect(model.ofPrice(CLOSE_US, 70, 1)).toBeUndefined()
  })

  it('of what is settled at the opening ends with that', () => {
    const model = new OptionModel({ ...JUNE_70_CALL, lastTradeDate: '2014-06-19' }, 0)
    const openingUs = Date.UTC(2014, 5, 20, 13, 30) * 1000
    expect(model.ofVolatility(openingUs - 1, 70, 0.2)).toBeDefined()
    expect(model.ofVolatility(openingUs, 70, 0.2)).toBeUndefined()
  })

  it.each([
    [Number.NaN, 0.2],
    [0, 0.2],
    [-70, 0.2],
    [70, Number.NaN],
    [70, 0],
    [70, -0.2],
  ])('has nothing to say of a spot of %d at a volatility of %d', (spot, volatility) => {
    expect(new OptionModel(JUNE_70_CALL, 0).ofVolatility(OPEN_US, spot, volatility)).toBeUndefined()
  })
})
