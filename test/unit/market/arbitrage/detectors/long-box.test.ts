import { describe, expect, it } from 'vitest'

import { longBox } from '../../../../../market/arbitrage/detectors/long-box.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

const NO_DIVIDENDS = { dividends: [] }
/** What 1 loses by coming four nights late. */
const lateBy4 = (rate: number) => 1 - Math.exp((-rate * 4) / 365)

/** The box of 80 and 90, bought for `cost` in a year; the last quote makes it whole. */
function box(options: DetectorMarketOptions, cost: number, expiry = addDays(TODAY, 365)): DetectorMarket {
  return new DetectorMarket(longBox, options)
    .quote('C', 80, 11.9, 12, expiry)
    .quote('C', 90, 5, 5.1, expiry)
    .quote('P', 80, 1, 1.1, expiry)
    .quote('P', 90, cost - 6 - 0.1, cost - 6, expiry)
}

describe('long-box', () => {
  it('finds a European box that costs less than its discounted width, guaranteed', () => {
    const found = box({ on: 'SPX', rate: 0.05 }, 9.4).found()
    expect(found.deal).toBe('+1 80C@12 -1 80P@1 -1 90C@5 +1 90P@3.4000000000000004')
    expect(found.edge).toBeCloseTo(10 * Math.exp(-0.05) - 9.4, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
    expect(found.capital).toBeCloseTo(9.4, 9)
  })

  it('names the rate at which it lends: 80 and 90 for 9.85 in three months lend at 6.05 %', () => {
    const found = box({ on: 'SPX', rate: 0.01 }, 9.85, addDays(TODAY, 91)).found()
    expect(found.impliedRate).toBeCloseTo((Math.log(10 / 9.85) * 365) / 91, 12)
    expect(((found.impliedRate as number) * 91) / 365 / 0.25).toBeCloseTo(0.0605, 4)
  })

  it('takes no box for an arbitrage that only lends below the market, and counts it as carry', () => {
    const market = box({ on: 'SPX', rate: 0.05 }, 9.6)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['long-box: carry'])
    expect(box({ on: 'SPX', rate: 0.05 }, 10.1).refused).toEqual([])
  })

  it('holds for American options without a dividend until expiry, whoever is assigned, less the interest until the answer to the put', () => {
    const found = box({ rate: 0.05, ...NO_DIVIDENDS }, 9.4).found()
    expect(found.certainty).toBe('guaranteed')
    expect(found.edge).toBeCloseTo(10 * Math.exp(-0.05) - 80 * lateBy4(0.05) - 9.4, 9)
    expect(box({ rate: 0.05, ...NO_DIVIDENDS }, 9.48).refused).toEqual(['long-box: carry'])
  })

  it('is not worth more than its width when rates are negative and it may end early', () => {
    expect(box({ rate: -0.02, ...NO_DIVIDENDS }, 9.9).found().edge).toBeCloseTo(0.1, 9)
    expect(box({ on: 'SPX', rate: -0.02 }, 9.9).found().edge).toBeCloseTo(10 * Math.exp(0.02) - 9.9, 9)
  })

  it('is worth what an early assignment brings on the day on which money is worth least', () => {
    const curve = [
      { days: 182.5, rate: 0.08 },
      { days: 365, rate: 0.02 },
    ]
    expect(box({ curve, ...NO_DIVIDENDS }, 9.4).found().worth).toBeCloseTo(10 * Math.exp(-0.04) - 80 * lateBy4(0.08), 9)
    expect(box({ on: 'SPX', curve }, 9.4).found().worth).toBeCloseTo(10 * Math.exp(-0.02), 9)
  })

  it('is only expected over an ex-date, which the short call may be exercised before', () => {
    const dividends = [{ exDate: addDays(TODAY, 100), amount: 0.5 }]
    const found = box({ rate: 0, dividends }, 9.4).found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(found.edge).toBeCloseTo(0.6, 9)
    expect(found.worstEdge).toBeCloseTo(0.1, 9)
  })

  it('names the rate and the dividends that nothing is known of, and has no bound then', () => {
    expect(box({}, 9.4).found().worst).toBeUndefined()
    expect(box({}, 9.4).found().assumptions).toEqual(['no-early-exercise', 'dividends-unknown', 'rate-unknown'])
    expect(box({ on: 'SPX' }, 9.4).found()).toMatchObject({ certainty: 'expected', assumptions: ['rate-unknown'], worst: undefined })
  })

  it('is found at whichever of its quotes comes last, and not without one of them', () => {
    const quotes: Parameters<DetectorMarket['quote']>[] = [
      ['C', 80, 11.9, 12],
      ['C', 90, 5, 5.1],
      ['P', 80, 1, 1.1],
      ['P', 90, 3.3, 3.4],
    ]
    for (const [last, lastQuote] of quotes.entries()) {
      const market = new DetectorMarket(longBox, { on: 'SPX', rate: 0.05 })
      for (const [i, quote] of quotes.entries()) if (i !== last) market.quote(...quote)
      expect(market.candidates).toEqual([])
      expect(market.quote(...lastQuote).found().edge).toBeGreaterThan(0)
    }
  })

  it('reaches no further than the desk does', () => {
    const market = box({ on: 'SPX', rate: 0.05, reach: 1 }, 9.4)
    market.candidates.length = 0
    market.quote('C', 85, undefined, undefined).quote('P', 90, 3.3, 3.4).quote('C', 80, 11.9, 12)
    expect(market.candidates).toEqual([])
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    const market = box({ on: 'OEX', rate: 0.05, ...NO_DIVIDENDS }, 9.4)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['long-box: settlement-mismatch'])
  })
})
