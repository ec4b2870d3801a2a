import { describe, expect, it } from 'vitest'

import { intrinsic } from '../../../../../market/arbitrage/detectors/intrinsic.ts'
import { DetectorMarket } from '../../../../support/arbitrage/detector-market.ts'

describe('intrinsic', () => {
  it('buys a call for less than exercise brings, against the bid of the underlying', () => {
    const market = new DetectorMarket(intrinsic).spot(100, 100.1).quote('C', 90, 9.5, 9.8)
    const found = market.found()
    expect(found.deal).toBe('-1 TWX@100 +1 90C@9.8')
    expect(found.edge).toBeCloseTo(0.2, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [], worth: -90, capital: 99.8 })
    expect(market.quote('C', 90, 9.5, 10).candidates).toEqual([])
  })

  it('buys a put for less than exercise brings, against the ask of the underlying', () => {
    const market = new DetectorMarket(intrinsic).spot(79.9, 80).quote('P', 90, 9.5, 9.8)
    const found = market.found()
    expect(found.deal).toBe('+1 TWX@80 +1 90P@9.8')
    expect(found.edge).toBeCloseTo(0.2, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', worth: 90 })
    expect(found.capital).toBeCloseTo(89.8, 9)
    expect(market.quote('P', 90, 9.5, 10).candidates).toEqual([])
  })

  it('only expects it of options that may be European, as those of other countries may', () => {
    const expected = { certainty: 'expected', assumptions: ['style-unknown'], worst: undefined }
    const market = new DetectorMarket(intrinsic, { currency: 'EUR' }).spot(79.9, 80)
    expect(market.quote('P', 90, 9.5, 9.8).found()).toMatchObject(expected)
    expect(market.quote('C', 70, 9.5, 9.8).found()).toMatchObject(expected)
  })

  it('looks at every option of the chain when the underlying moves', () => {
    const market = new DetectorMarket(intrinsic).spot(85, 85.1)
    for (const strike of [70, 80, 90, 100]) market.quote('C', strike, 14, 15.5).quote('P', strike, 14, 15.5)
    expect(market.candidates).toEqual([])
    market.spot(86, 86.1)
    expect(market.found().deal).toBe('-1 TWX@86 +1 70C@15.5')
    market.spot(84.3, 84.4)
    expect(market.found().deal).toBe('+1 TWX@84.4 +1 100P@15.5')
  })

  it('finds nothing without a side of the underlying, or out of the money', () => {
    const market = new DetectorMarket(intrinsic).spot(undefined, 100.1).quote('C', 90, 9.5, 9.8).quote('C', 110, 0.1, 0.2)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual([])
  })

  it('leaves European options alone, and what exercise turns into cash', () => {
    const european = new DetectorMarket(intrinsic, { on: 'SPX' }).spot(100).quote('C', 90, 9.5, 9.8).spot(101)
    expect(european.candidates).toEqual([])
    expect(european.refused).toEqual([])
    const cash = new DetectorMarket(intrinsic, { on: 'OEX' }).spot(100).quote('C', 90, 9.5, 9.8)
    expect(cash.candidates).toEqual([])
    expect(cash.refused).toEqual(['intrinsic: underlying-not-executable'])
  })
})
