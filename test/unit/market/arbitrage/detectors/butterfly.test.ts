import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { butterfly } from '../../../../../market/arbitrage/detectors/butterfly.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

/** Calls of 80, 85 and 90 at 9.00, 6.50 bid and 3.50: the middle brings 0.25 more than half of the wings costs. */
function even(options: DetectorMarketOptions): DetectorMarket {
  return new DetectorMarket(butterfly, options).quote('C', 80, 8.9, 9).quote('C', 90, 3.4, 3.5).quote('C', 85, 6.5, 6.6)
}

describe('butterfly', () => {
  it('sells two of the middle against the wings beside it', () => {
    const found = even({ on: 'SPX' }).found()
    expect(found.deal).toBe('+1 80C@9 -2 85C@6.5 +1 90C@3.5')
    expect(found.edge).toBeCloseTo(0.5, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', assumptions: [], worth: 0, capital: 12.5 })
  })

  it('weighs wings of unequal width in the least whole numbers of contracts', () => {
    const market = new DetectorMarket(butterfly, { on: 'SPX' }).quote('P', 80, 1.9, 2).quote('P', 92.5, 9.9, 10)
    // Of 82.5: w = 10 / 12.5 = 0.8, so that the wings cost 0.8 x 2 + 0.2 x 10 = 3.60.
    expect(market.quote('P', 82.5, 3.6, 3.8).candidates).toEqual([])
    const found = market.quote('P', 82.5, 3.7, 3.8).found()
    expect(found.deal).toBe('+4 80P@2 -5 82.5P@3.7 +1 92.5P@10')
    expect(found.edge).toBeCloseTo(0.5, 9)
  })

  it('is found at whichever of its quotes comes last', () => {
    const quotes: Parameters<DetectorMarket['quote']>[] = [
      ['C', 80, 8.9, 9],
      ['C', 85, 6.5, 6.6],
      ['C', 90, 3.4, 3.5],
    ]
    for (const [last, lastQuote] of quotes.entries()) {
      const market = new DetectorMarket(butterfly, { on: 'SPX' })
      for (const [i, quote] of quotes.entries()) if (i !== last) market.quote(...quote)
      expect(market.candidates).toEqual([])
      expect(market.quote(...lastQuote).found().deal).toBe('+1 80C@9 -2 85C@6.5 +1 90C@3.5')
    }
  })

  it('looks at every three strikes within reach once', () => {
    // 80 to 86 in steps of 1, convex but for 83, which every pair around it buys for less: 3 below, 3 above.
    const market = new DetectorMarket(butterfly, { on: 'SPX' })
    for (const strike of [80, 81, 82, 84, 85, 86]) market.quote('C', strike, 9.9, 10)
    expect(market.candidates).toEqual([])
    market.quote('C', 83, 10.5, 10.6)
    expect(market.candidates).toHaveLength(9)
    market.candidates.length = 0
    market.quote('C', 81, 9.9, 10)
    expect(market.candidates).toHaveLength(3)
    const near = new DetectorMarket(butterfly, { on: 'SPX', reach: 4 })
    for (const strike of [80, 81, 82, 84, 85, 86]) near.quote('C', strike, 9.9, 10)
    near.quote('C', 83, 10.5, 10.6)
    // Both wings within four strikes of each other: 1-1, 1-2, 1-3, 2-1, 2-2, 3-1.
    expect(near.candidates).toHaveLength(6)
  })

  it('finds what looking at every three strikes finds', () => {
    const STRIKES = [80, 82.5, 85, 86, 90, 95, 97.5, 100]
    const REACH = 4
    const side = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.boolean())
    const sides = fc.array(side, { minLength: STRIKES.length, maxLength: STRIKES.length })
    fc.assert(
      fc.property(sides, fc.nat({ max: STRIKES.length - 1 }), (quotes, last) => {
        const market = new DetectorMarket(butterfly, { on: 'SPX', reach: REACH })
        const prices = quotes.map(([bid, spread, hasBid, hasAsk]) => [hasBid ? bid : undefined, hasAsk ? bid + spread : undefined] as const)
        for (const [i, [bid, ask]] of prices.entries()) if (i !== last) market.quote('C', STRIKES[i] as number, bid, ask)
        market.candidates.length = 0
        market.quote('C', STRIKES[last] as number, ...(prices[last] as readonly [number | undefined, number | undefined]))
        let broken = 0
        for (const [i, low] of STRIKES.entries())
          for (const [j, middle] of STRIKES.entries())
            for (const [k, high] of STRIKES.entries()) {
              if (!(i < j && j < k && k - i <= REACH && [i, j, k].includes(last))) continue
              const [lowAsk, bid, highAsk] = [prices[i]?.[1] ?? NaN, prices[j]?.[0] ?? NaN, prices[k]?.[1] ?? NaN]
              if (bid * (high - low) - lowAsk * (high - middle) - highAsk * (middle - low) > 1e-6) broken++
            }
        expect(market.candidates).toHaveLength(broken)
      }),
    )
  })

  it('is sure of American options without a dividend, and of puts with one', () => {
    expect(even({ rate: 0.05, dividends: [] }).found()).toMatchObject({ certainty: 'guaranteed', worth: 0 })
    const dividends = [{ exDate: addDays(TODAY, 20), amount: 0.2 }]
    const puts = new DetectorMarket(butterfly, { dividends }).quote('P', 80, 3.4, 3.5).quote('P', 90, 8.9, 9).quote('P', 85, 6.5, 6.6)
    expect(puts.found().certainty).toBe('guaranteed')
  })

  it('only expects it of American calls over an ex-date: each one assigned owes the dividend', () => {
    const found = even({ rate: 0, dividends: [{ exDate: addDays(TODAY, 20), amount: 0.2 }] }).found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(found.edge).toBeCloseTo(0.5, 9)
    expect(found.worstEdge).toBeCloseTo(0.5 - 2 * 0.2, 9)
    expect(even({ rate: 0 }).found().assumptions).toEqual(['no-early-exercise', 'dividends-unknown'])
  })

  it('counts what waits for expiry at a negative rate', () => {
    expect(even({ rate: -0.02, dividends: [] }).found().edge).toBeCloseTo(0.5 - 5 * (Math.exp(0.02) - 1), 9)
    expect(even({ rate: -0.2, dividends: [] }).refused).toEqual(['butterfly: carry'])
  })

  it('leaves out strikes that make no whole contracts, and finds nothing without an ask', () => {
    const odd = new DetectorMarket(butterfly, { on: 'SPX' }).quote('C', 80, 8.9, 9).quote('C', 90, 3.4, 3.5)
    expect(odd.quote('C', 85.0001, 6.5, 6.6).candidates).toEqual([])
    const oneSided = new DetectorMarket(butterfly, { on: 'SPX' }).quote('C', 80, 8.9, undefined).quote('C', 90, 3.4, 3.5)
    expect(oneSided.quote('C', 85, 6.5, 6.6).candidates).toEqual([])
  })

  it('is refused where exercise pays a close that the answer to it misses', () => {
    expect(even({ on: 'OEX', dividends: [] }).refused).toEqual(['butterfly: settlement-mismatch'])
  })
})
