import { describe, expect, it } from 'vitest'

import { strikeMonotonicity } from '../../../../../market/arbitrage/detectors/strike-monotonicity.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

/** A call of 80 at 3.00, and one of 82 that brings 3.15. */
function calls(options: DetectorMarketOptions): DetectorMarket {
  return new DetectorMarket(strikeMonotonicity, options).quote('C', 80, 2.9, 3).quote('C', 82, 3.15, 3.25)
}

function puts(options: DetectorMarketOptions): DetectorMarket {
  return new DetectorMarket(strikeMonotonicity, options).quote('P', 82, 2.9, 3).quote('P', 80, 3.15, 3.25)
}

describe('strike-monotonicity', () => {
  it('buys the better right for less than the other brings', () => {
    const found = calls({ on: 'SPX' }).found()
    expect(found.deal).toBe('+1 80C@3 -1 82C@3.15')
    expect(found.edge).toBeCloseTo(0.15, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [], worth: 0, capital: 3 })
    expect(puts({ on: 'SPX' }).found().deal).toBe('-1 80P@3.15 +1 82P@3')
  })

  it('is sure of American options without a dividend, and of puts with one', () => {
    expect(calls({ dividends: [] }).found().certainty).toBe('guaranteed')
    expect(puts({}).found().certainty).toBe('guaranteed')
  })

  it('only expects it of American calls over an ex-date, whose dividend may exceed the width', () => {
    const dividends = [{ exDate: addDays(TODAY, 20), amount: 2.5 }]
    const found = calls({ rate: 0, dividends }).found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(found.worstEdge).toBeCloseTo(0.15 + 2 - 2.5, 9)
    const small = [{ exDate: addDays(TODAY, 20), amount: 0.5 }]
    expect(calls({ rate: 0, dividends: small }).found().worstEdge).toBeCloseTo(0.15, 9)
  })

  it('takes off the interest on an American put that is answered late, where that exceeds the width', () => {
    expect(puts({ rate: 0.05 }).found().edge).toBeCloseTo(0.15, 9)
    const narrow = (rate: number) => new DetectorMarket(strikeMonotonicity, { rate }).quote('P', 800.5, 2.9, 3).quote('P', 800, 3.15, 3.25)
    const [late, least] = [800.5 * (1 - Math.exp((-0.07 * 4) / 365)), 0.5 * Math.exp(-0.07)]
    expect(narrow(0.07).found()).toMatchObject({ certainty: 'guaranteed', edge: expect.closeTo(0.15 + least - late, 9) })
    expect(narrow(0.09).refused).toEqual(['strike-monotonicity: carry'])
  })

  it('says that it knows of no dividends', () => {
    expect(calls({}).found()).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise', 'dividends-unknown'] })
  })

  it('finds nothing at equal prices, and nothing without a bid', () => {
    const market = new DetectorMarket(strikeMonotonicity, { dividends: [] }).quote('C', 80, 2.9, 3)
    expect(market.quote('C', 82, 3, 3.1).candidates).toEqual([])
    expect(market.quote('C', 82, undefined, 3.25).candidates).toEqual([])
    expect(market.quote('C', 82, 3.01, 3.1).found().edge).toBeCloseTo(0.01, 9)
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    expect(calls({ on: 'OEX', dividends: [] }).refused).toEqual(['strike-monotonicity: settlement-mismatch'])
  })
})
