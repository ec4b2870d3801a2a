import { describe, expect, it } from 'vitest'

import { conversion } from '../../../../../market/arbitrage/detectors/conversion.ts'
import { DetectorMarket, type DetectorMarketOptions } from '../../../../support/arbitrage/detector-market.ts'

const RATE = 0.05
const D = Math.exp(-RATE)
const HALF_YEAR = '2014-12-04'

describe('a conversion', () => {
  it('is worth its strike at expiry, whatever the dividends: American, guaranteed', () => {
    const market = new DetectorMarket(conversion, { rate: RATE, dividends: [{ exDate: HALF_YEAR, amount: 1 }] })
    market.spot(100, 100.02).quote('P', 100, 2, 2.1).quote('C', 100, 8, 8.1)
    const found = market.found()
    expect(found).toMatchObject({ deal: '+1 TWX@100.02 +1 100P@2.1 -1 100C@8', certainty: 'guaranteed', assumptions: [] })
    expect(found.edge).toBeCloseTo(100 * D - (100.02 + 2.1 - 8), 12)
    expect(found.capital).toBeCloseTo(94.12, 12)
  })

  it('is found by the quote of each of its legs', () => {
    const market = new DetectorMarket(conversion, { rate: 0, dividends: [] })
    market.spot(100, 100.02).quote('C', 100, 8, 8.1).quote('P', 100, 2, 2.1)
    market.found()
    market.quote('C', 100, 8, 8.1)
    market.found()
    market.spot(100, 100.02)
    expect(market.found().edge).toBeCloseTo(5.88, 12)
  })

  it('is expected with its dividends, and no more than the strike at the worst', () => {
    const market = new DetectorMarket(conversion, { rate: RATE, dividends: [{ exDate: HALF_YEAR, amount: 1 }] })
    market.spot(100, 100.02).quote('P', 100, 5, 5.1).quote('C', 100, 9.5, 9.6)
    const found = market.found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise', 'dividends-as-expected'] })
    expect(found.edge).toBeCloseTo(100 * D + Math.exp((-RATE * 182) / 365) - 95.62, 12)
    expect(found.worstEdge).toBeCloseTo(100 * D - 95.62, 12)
  })

  it('is refused as carry where the call may be exercised for a dividend, which is in its price then', () => {
    // Waiting brings its holder the interest of 183 days, 2.48.
    const market = new DetectorMarket(conversion, { rate: RATE, dividends: [{ exDate: HALF_YEAR, amount: 2.5 }] })
    market.spot(100, 100.02).quote('P', 100, 5, 5.1).quote('C', 100, 9.5, 9.6)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['conversion: carry'])
  })

  it('of European options is guaranteed with the dividends of the settings, and only expected with those of others', () => {
    const dividends = [{ exDate: HALF_YEAR, amount: 1 }]
    const european = (callBid: number, dividendSource: DetectorMarketOptions['dividendSource'] = 'settings') =>
      new DetectorMarket(conversion, { on: 'SPX', isTradable: true, rate: RATE, dividends, dividendSource })
        .spot(100, 100.02)
        .quote('P', 100, 5, 5.1)
        .quote('C', 100, callBid, callBid + 0.1)
        .found()
    const paid = Math.exp((-RATE * 182) / 365)
    expect(european(9.5)).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
    expect(european(9.5).edge).toBeCloseTo(100 * D + paid - 95.62, 12)
    for (const source of ['broker', 'corporate-actions'] as const) {
      expect(european(9.5, source)).toMatchObject({ certainty: 'expected', assumptions: ['dividends-as-expected'] })
      expect(european(9.5, source).worstEdge).toBeCloseTo(100 * D - 95.62, 12)
      expect(european(10.5, source)).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
      expect(european(10.5, source).edge).toBeCloseTo(100 * D - 94.62, 12)
    }
  })

  it('is refused as carry where interest alone makes it look like one', () => {
    const market = new DetectorMarket(conversion, { rate: RATE, dividends: [] })
    market.spot(100, 100.02).quote('P', 100, 2, 2.1).quote('C', 100, 5, 5.1)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['conversion: carry'])
  })

  it('says that no rate is known, and has no bound then', () => {
    const market = new DetectorMarket(conversion)
    market.spot(100, 100.02).quote('P', 100, 2, 2.1).quote('C', 100, 5, 5.1)
    expect(market.found()).toMatchObject({ certainty: 'expected', assumptions: ['rate-unknown'], worst: undefined })
  })

  it('is worth no more than its strike with a negative rate, as the call may be assigned today', () => {
    const market = new DetectorMarket(conversion, { rate: -0.05, dividends: [] })
    market.spot(100, 100.02).quote('P', 100, 2, 2.1).quote('C', 100, 2.2, 2.3)
    expect(market.found()).toMatchObject({ certainty: 'guaranteed' })
    market.quote('C', 100, 2.05, 2.3)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['conversion: carry'])
  })

  it('cannot be traded with an index, and needs all of its prices', () => {
    const index = new DetectorMarket(conversion, { on: 'SPX', rate: 0, yield: 0 })
    index.spot(100).quote('P', 100, 2, 2.1).quote('C', 100, 5, 5.1)
    expect(index.refused).toEqual(['conversion: underlying-not-executable'])
    const market = new DetectorMarket(conversion, { rate: 0, dividends: [] })
    market.quote('P', 100, 2, 2.1).quote('C', 100, 5, 5.1).spot(undefined)
    expect(market.candidates).toEqual([])
    market.spot(100, 100.02)
    market.found()
    market.quote('P', 100, 2, undefined).quote('P', 100, undefined, 2.1)
    expect(market.candidates).toHaveLength(1)
  })
})
