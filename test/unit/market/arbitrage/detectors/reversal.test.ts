import { describe, expect, it } from 'vitest'

import { reversal } from '../../../../../market/arbitrage/detectors/reversal.ts'
import { DetectorMarket } from '../../../../support/arbitrage/detector-market.ts'

const RATE = 0.05
const HALF_YEAR = '2014-12-04'
const KNOWN = { rate: RATE, dividends: [], borrow: 0 }

describe('a reversal', () => {
  it('owes its strike today, American: interest is not counted on', () => {
    const market = new DetectorMarket(reversal, KNOWN)
    market.spot(100, 100.02).quote('C', 100, 4.9, 5).quote('P', 100, 5.4, 5.5)
    const found = market.found()
    expect(found).toMatchObject({ deal: '-1 TWX@100 -1 100P@5.4 +1 100C@5', certainty: 'guaranteed', capital: 100 })
    expect(found.edge).toBeCloseTo(0.4, 12)
    market.quote('P', 100, 4.9, 5)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual([])
  })

  it('owes its strike at expiry with a negative rate', () => {
    const market = new DetectorMarket(reversal, { ...KNOWN, rate: -RATE })
    market.spot(100, 100.02).quote('C', 100, 4.9, 5).quote('P', 100, 12, 12.1)
    expect(market.found().edge).toBeCloseTo(107 - 100 * Math.exp(RATE), 12)
  })

  it('owes all dividends and the borrow fee, for which what looks like one is refused as carry', () => {
    const market = new DetectorMarket(reversal, { rate: 0, dividends: [{ exDate: HALF_YEAR, amount: 1 }], borrow: 0.02 })
    market.spot(100, 100).quote('C', 100, 4.9, 5).quote('P', 100, 9, 9.1)
    expect(market.found().edge).toBeCloseTo(4 - 1 - 100 * (1 - Math.exp(-0.02)), 12)
    market.quote('P', 100, 7, 7.1)
    expect(market.refused).toEqual(['reversal: carry'])
  })

  it('is only expected with dividends that the settings do not name, as a later one may be owed on top', () => {
    // The year until expiry is within their reach.
    const dividends = [{ exDate: '2015-05-25', amount: 1 }]
    const foundBy = (dividendSource: 'settings' | 'broker' | 'corporate-actions') => {
      const market = new DetectorMarket(reversal, { ...KNOWN, dividends, dividendSource })
      return market.spot(100, 100).quote('C', 100, 4.9, 5).quote('P', 100, 9, 9.1).found()
    }
    expect(foundBy('settings')).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
    const expected = { certainty: 'expected', assumptions: ['dividends-as-expected'], worst: undefined }
    expect(foundBy('broker')).toMatchObject(expected)
    expect(foundBy('corporate-actions')).toMatchObject(expected)
  })

  it('rests on dividends and a borrow fee, and says where nobody named them', () => {
    const market = new DetectorMarket(reversal)
    market.spot(100, 100.02).quote('C', 100, 4.9, 5).quote('P', 100, 5.4, 5.5)
    expect(market.found()).toMatchObject({
      certainty: 'expected',
      assumptions: ['rate-unknown', 'dividends-unknown', 'borrow-stays', 'borrow-unknown'],
    })
  })

  it('is found by the quote of each of its legs, and cannot be traded with an index', () => {
    const market = new DetectorMarket(reversal, KNOWN)
    market.quote('P', 100, 5.4, 5.5).spot(100, 100.02).quote('C', 100, 4.9, 5)
    market.found()
    market.spot(100.1, 100.2)
    expect(market.found().edge).toBeCloseTo(0.5, 12)
    const index = new DetectorMarket(reversal, { on: 'SPX', rate: 0, yield: 0 })
    index.spot(100).quote('C', 100, 4.9, 5).quote('P', 100, 5.4, 5.5)
    expect(index.refused).toEqual(['reversal: underlying-not-executable'])
  })
})
