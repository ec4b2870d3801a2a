import { describe, expect, it } from 'vitest'

import { syntheticFreeRisk } from '../../../../../market/arbitrage/detectors/synthetic-free-risk.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

const D = Math.exp(-0.02)

/** The underlying at 100.00, the call of 105 that brings `callBid`, the put of 100 at 3.00. */
function collar(options: DetectorMarketOptions, callBid: number): DetectorMarket {
  return new DetectorMarket(syntheticFreeRisk, options)
    .spot(99.9, 100)
    .quote('C', 105, callBid, callBid + 0.2)
    .quote('P', 100, 2.8, 3)
}

describe('synthetic-free-risk', () => {
  it('finds a collar that brings back more than its debit at the least, guaranteed without dividends', () => {
    const found = collar({ rate: 0.02 }, 6).found()
    expect(found.deal).toBe('+1 TWX@100 +1 100P@3 -1 105C@6')
    expect(found.edge).toBeCloseTo(100 * D - 97, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [], capital: 97 })
  })

  it('counts dividends only as expected, and is left with the rest at the worst', () => {
    const dividends = [{ exDate: addDays(TODAY, 73), amount: 1.5 }]
    const found = collar({ rate: 0.02, dividends }, 4).found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise', 'dividends-as-expected'] })
    expect(found.edge).toBeCloseTo(100 * D + 1.5 * Math.exp(-0.004) - 99, 9)
    expect(found.worstEdge).toBeCloseTo(100 * D - 99, 9)
  })

  it('does not expect dividends that the call may be exercised for', () => {
    // Waiting brings the holder of the call of 105 the interest of 335 days, 1.91.
    const paying = (amount: number) => ({ rate: 0.02, dividends: [{ exDate: addDays(TODAY, 30), amount }] })
    expect(collar(paying(1.9), 4).found().certainty).toBe('expected')
    const market = collar(paying(1.95), 4)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['synthetic-free-risk: carry'])
  })

  it('counts as carry what costs less than the strike and more than it is worth today', () => {
    const market = collar({ rate: 0.02, dividends: [] }, 4)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['synthetic-free-risk: carry'])
  })

  it('counts on no more than the undiscounted call strike when rates are negative', () => {
    expect(collar({ rate: -0.02 }, 6).found().worth).toBeCloseTo(100 * Math.exp(0.02), 9)
    expect(collar({ rate: -0.1, dividends: [] }, 6).found()).toMatchObject({ certainty: 'guaranteed', worth: 105 })
  })

  it('names the rate that nothing is known of', () => {
    expect(collar({}, 6).found()).toMatchObject({ certainty: 'expected', assumptions: ['rate-unknown'], worth: 100, worst: undefined })
  })

  it('is found at whichever of its quotes comes last, the underlying included', () => {
    const [spot, call, put] = [
      (market: DetectorMarket) => market.spot(99.9, 100),
      (market: DetectorMarket) => market.quote('C', 105, 6, 6.2),
      (market: DetectorMarket) => market.quote('P', 100, 2.8, 3),
    ] as const
    for (const order of [
      [spot, call, put],
      [put, spot, call],
      [call, put, spot],
    ]) {
      const market = new DetectorMarket(syntheticFreeRisk, { rate: 0.02 })
      for (const [i, step] of order.entries()) {
        expect(market.candidates, `before step ${i}`).toEqual([])
        step(market)
      }
      expect(market.found().edge).toBeCloseTo(100 * D - 97, 9)
    }
  })

  it('takes calls of higher strikes only, within reach', () => {
    const market = new DetectorMarket(syntheticFreeRisk, { rate: 0.02, reach: 1 }).spot(99.9, 100)
    market.quote('P', 100, 2.8, 3).quote('C', 95, 6, 6.2).quote('C', 100, 6, 6.2)
    expect(market.candidates).toEqual([])
    market.quote('C', 102, undefined, 6).quote('C', 105, 6, 6.2).quote('P', 100, 2.8, 3).spot(99.9, 100)
    expect(market.candidates).toEqual([])
  })

  it('counts on the dividends of European options, which end at expiry alone', () => {
    const dividends = [{ exDate: addDays(TODAY, 365), amount: 1.5 }]
    const found = collar({ on: 'SPX', isTradable: true, rate: 0.02, dividends }, 4).found()
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
    expect(found.edge).toBeCloseTo((100 + 1.5) * D - 99, 9)
    for (const dividendSource of ['broker', 'corporate-actions'] as const) {
      const expected = collar({ on: 'SPX', isTradable: true, rate: 0.02, dividends, dividendSource }, 4).found()
      expect(expected).toMatchObject({ certainty: 'expected', assumptions: ['dividends-as-expected'] })
      expect(expected.worstEdge).toBeCloseTo(100 * D - 99, 9)
      const enough = collar({ on: 'SPX', isTradable: true, rate: 0.02, dividends, dividendSource }, 6).found()
      expect(enough).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
      expect(enough.edge).toBeCloseTo(100 * D - 97, 9)
    }
  })

  it('says that nobody can buy an index', () => {
    expect(collar({ on: 'SPX', rate: 0.02, dividends: [] }, 6).refused).toEqual(['synthetic-free-risk: underlying-not-executable'])
  })
})
