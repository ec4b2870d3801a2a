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

  it('owes the interest on both strikes, the dividends and the borrow fee when it is American, and is only expected', () => {
    const dividends = [{ exDate: addDays(TODAY, 365), amount: 0.25 }]
    const found = box({ rate: 0.01, dividends, borrow: 0.002 }, 11.5).found()
    const [d, paid] = [Math.exp(-0.01), 0.25 * Math.exp(-0.01)]
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise', 'borrow-stays'] })
    expect(found.edge).toBeCloseTo(11.5 - (90 - 80 * d) - paid - 85 * (1 - Math.exp(-0.002)), 9)
    expect(found.worstEdge).toBeCloseTo(found.edge, 12)
    expect(found.impliedRate).toBeCloseTo(Math.log(10 / 11.5), 12)
  })

  it('takes what the right to exercise early brings for no edge', () => {
    const market = box({ rate: 0.05, dividends: [], borrow: 0 }, 10.5)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['short-box: carry'])
    expect(box({ rate: 0.05, dividends: [], borrow: 0 }, 9.8).refused).toEqual([])
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    expect(box({ on: 'OEX', rate: 0.01, dividends: [] }, 11.5).refused).toEqual(['short-box: settlement-mismatch'])
  })

  it('names what nothing is known of', () => {
    const unknown = ['rate-unknown', 'dividends-unknown', 'borrow-unknown']
    expect(box({}, 10.1).found().assumptions).toEqual(['no-early-exercise', 'borrow-stays', ...unknown])
    expect(box({ on: 'SPX' }, 10.1).found().assumptions).toEqual(['rate-unknown'])
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
