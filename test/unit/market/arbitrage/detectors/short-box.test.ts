import { describe, expect, it } from 'vitest'

import { shortBox } from '../../../../../market/arbitrage/detectors/short-box.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

/** The box of 80 and 90, sold for `proceeds` in a year, with the underlying at 85. */
function box(options: DetectorMarketOptions, proceeds: number): DetectorMarket {
  return new DetectorMarket(shortBox, options)
    .spot(84.99, 85.01)
    .quote('C', 80, 12, 12.1)
    .quote('C', 90, 4.9, 5)
    .quote('P', 80, 2.9, 3)
    .quote('P', 90, proceeds - 4, proceeds - 4 + 0.1)
}

describe('short-box', () => {
  it('finds a European box that brings more than its discounted width, guaranteed, and names the rate it borrows at', () => {
    const found = box({ on: 'SPX', rate: 0.05 }, 9.75).found()
    expect(found.deal).toBe('-1 80C@12 +1 80P@3 +1 90C@5 -1 90P@5.75')
    expect(found.edge).toBeCloseTo(9.75 - 10 * Math.exp(-0.05), 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [], capital: 10 })
    expect(found.impliedRate).toBeCloseTo(Math.log(10 / 9.75), 12)
  })

  it('finds nothing where borrowing by it costs more than elsewhere', () => {
    const market = box({ on: 'SPX', rate: 0.05 }, 9.5)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual([])
  })

  it('counts as carry what brings more than its width while money costs less than nothing', () => {
    expect(box({ on: 'SPX', rate: -0.05 }, 10.1).refused).toEqual(['short-box: carry'])
  })

  it('is only expected of American options, and owes the interest on both strikes and the dividends at the worst', () => {
    const dividends = [{ exDate: addDays(TODAY, 365), amount: 0.25 }]
    const found = box({ rate: 0.01, dividends, borrow: 0.02 }, 10).found()
    const [d, paid] = [Math.exp(-0.01), 0.25 * Math.exp(-0.01)]
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(found.edge).toBeCloseTo(10 - 10 * d, 9)
    expect(found.worstEdge).toBeCloseTo(10 - (90 - 80 * d) - paid - 85 * (1 - Math.exp(-0.02)), 9)
  })

  it('is refused as carry when the short put should be exercised at once', () => {
    // 6.00 for a put that exercise brings 5.00: the time value of 1.00 is less than the interest of 4.39, but more than that of 0.89.
    expect(box({ rate: 0.05, dividends: [] }, 10).refused).toEqual(['short-box: carry'])
    expect(box({ rate: 0.01, dividends: [] }, 10).candidates).toHaveLength(1)
  })

  it('is refused as carry when the short call should be exercised before its dividends', () => {
    // A time value of 7.00 against dividends of 7.50.
    const dividends = [{ exDate: addDays(TODAY, 30), amount: 7.5 }]
    expect(box({ rate: 0, dividends }, 10.1).refused).toEqual(['short-box: carry'])
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    expect(box({ on: 'OEX', rate: 0.01, dividends: [] }, 10).refused).toEqual(['short-box: settlement-mismatch'])
  })

  it('names the rate and the dividends that nothing is known of', () => {
    expect(box({}, 10.1).found().assumptions).toEqual(['no-early-exercise', 'dividends-unknown', 'rate-unknown'])
  })

  it('is found at whichever of its quotes comes last', () => {
    const quotes: Parameters<DetectorMarket['quote']>[] = [
      ['C', 80, 12, 12.1],
      ['C', 90, 4.9, 5],
      ['P', 80, 2.9, 3],
      ['P', 90, 5.75, 5.85],
    ]
    for (const [last, lastQuote] of quotes.entries()) {
      const market = new DetectorMarket(shortBox, { on: 'SPX', rate: 0.05 })
      for (const [i, quote] of quotes.entries()) if (i !== last) market.quote(...quote)
      expect(market.candidates).toEqual([])
      expect(market.quote(...lastQuote).found().edge).toBeGreaterThan(0)
    }
  })
})
