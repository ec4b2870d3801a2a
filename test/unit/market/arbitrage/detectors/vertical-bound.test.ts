import { describe, expect, it } from 'vitest'

import { verticalBound } from '../../../../../market/arbitrage/detectors/vertical-bound.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

const DIVIDEND = [{ exDate: addDays(TODAY, 20), amount: 0.5 }]

/** Calls of 80 and 90, of which the lower one brings 10.20 more than the higher one costs. */
function calls(options: DetectorMarketOptions): DetectorMarket {
  return new DetectorMarket(verticalBound, options).quote('C', 80, 13.2, 13.4).quote('C', 90, 2.9, 3)
}

/** Puts of which the higher one brings 10.20 more. */
function puts(options: DetectorMarketOptions): DetectorMarket {
  return new DetectorMarket(verticalBound, options).quote('P', 90, 13.2, 13.4).quote('P', 80, 2.9, 3)
}

describe('vertical-bound', () => {
  it('finds European calls and puts that differ by more than the discounted width', () => {
    const spread = calls({ on: 'SPX', rate: 0.05 }).found()
    expect(spread.deal).toBe('-1 80C@13.2 +1 90C@3')
    expect(spread.edge).toBeCloseTo(10.2 - 10 * Math.exp(-0.05), 9)
    expect(spread).toMatchObject({ certainty: 'guaranteed', assumptions: [], capital: 10 })
    const mirrored = puts({ on: 'SPX', rate: 0.05 }).found()
    expect(mirrored.deal).toBe('+1 80P@3 -1 90P@13.2')
    expect(mirrored.edge).toBeCloseTo(10.2 - 10 * Math.exp(-0.05), 9)
  })

  it('allows American ones the whole width, as it may be owed at once, and puts the interest until the answer brings their strike', () => {
    expect(calls({ rate: 0.05, dividends: [] }).found()).toMatchObject({ certainty: 'guaranteed', edge: expect.closeTo(0.2, 9) })
    // The strike of 80 comes up to four nights after that of 90 was paid.
    const late = 80 * (1 - Math.exp((-0.05 * 4) / 365))
    expect(puts({ rate: 0.05, dividends: [] }).found()).toMatchObject({ certainty: 'guaranteed', edge: expect.closeTo(0.2 - late, 9) })
    expect(puts({ rate: 0.25, dividends: [] }).refused).toEqual(['vertical-bound: carry'])
    const market = new DetectorMarket(verticalBound, { rate: 0.05, dividends: [] }).quote('C', 80, 12.9, 13.4).quote('C', 90, 2.9, 3)
    expect(market.candidates).toEqual([])
  })

  it('allows for what is owed at expiry when rates are negative, and counts the rest as carry', () => {
    expect(calls({ rate: -0.01, dividends: [] }).found().edge).toBeCloseTo(10.2 - 10 * Math.exp(0.01), 9)
    expect(calls({ rate: -0.03, dividends: [] }).refused).toEqual(['vertical-bound: carry'])
  })

  it('only expects it of American calls over an ex-date, and of puts is sure all the same', () => {
    const spread = calls({ rate: 0, dividends: DIVIDEND }).found()
    expect(spread).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(spread.worstEdge).toBeCloseTo(10.2 - 10 - 0.5, 9)
    expect(puts({ rate: 0, dividends: DIVIDEND }).found()).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
  })

  it('needs a rate, which may be negative, and dividends of American calls, and says so', () => {
    expect(calls({ on: 'SPX' }).found()).toMatchObject({ assumptions: ['rate-unknown'], worst: undefined })
    expect(calls({}).found().assumptions).toEqual(['no-early-exercise', 'dividends-unknown', 'rate-unknown'])
    expect(puts({}).found().assumptions).toEqual(['rate-unknown'])
  })

  it('finds it at whichever quote comes last, and not with a side missing', () => {
    const market = new DetectorMarket(verticalBound, { rate: 0.05, dividends: [] }).quote('C', 90, 2.9, 3).quote('C', 80, undefined, 13.4)
    expect(market.candidates).toEqual([])
    expect(market.quote('C', 80, 13.2, 13.4).found().edge).toBeCloseTo(0.2, 9)
    expect(market.quote('C', 90, 2.9, undefined).candidates).toEqual([])
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    expect(calls({ on: 'OEX', rate: 0, dividends: [] }).refused).toEqual(['vertical-bound: settlement-mismatch'])
  })
})
