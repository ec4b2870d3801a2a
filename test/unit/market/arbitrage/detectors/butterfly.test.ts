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

  it('takes off the interest that American puts cost while the answer to their assignment is on its way', () => {
    const puts = (options: DetectorMarketOptions) =>
      new DetectorMarket(butterfly, options).quote('P', 80, 3.4, 3.5).quote('P', 90, 8.9, 9).quote('P', 85, 6.5, 6.6)
    const found = puts({ rate: 0.05 }).found()
    expect(found).toMatchObject({ certainty: 'guaranteed', edge: expect.closeTo(0.5 - 2 * 85 * (1 - Math.exp((-0.05 * 4) / 365)), 9) })
    expect(puts({ rate: 0.4 }).refused).toEqual(['butterfly: carry'])
    expect(puts({ on: 'SPX', rate: 0.4 }).found().edge).toBeCloseTo(0.5, 9)
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

  it('finds at each quote the same as a comparison of all threes within reach, one by one', () => {
    const price = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 8 })
    const quotes = fc.array(fc.tuple(fc.integer({ min: 80, max: 89 }), price, price), { minLength: 5, maxLength: 40 })
    fc.assert(
      fc.property(quotes, fc.integer({ min: 2, max: 5 }), (given, reach) => {
        const market = new DetectorMarket(butterfly, { on: 'SPX', rate: 0, dividends: [], reach })
        const book = new Map<number, { bid: number; ask: number }>()
        for (let strike = 80; strike < 90; strike++) {
          market.quote('C', strike, undefined, undefined)
          book.set(strike, { bid: Number.NaN, ask: Number.NaN })
        }
        for (const [strike, bid, ask] of given) {
          book.set(strike, { bid: bid ?? Number.NaN, ask: ask ?? Number.NaN })
          const expected: string[] = []
          for (let low = 80; low < 90; low++)
            for (let high = low + 2; high <= Math.min(89, low + reach); high++)
              for (let middle = low + 1; middle < high; middle++) {
                const share = (high - middle) / (high - low)
                const [wing, body, other] = [low, middle, high].map((at) => book.get(at) ?? expect.fail())
                const edge = (body?.bid ?? 0) - share * (wing?.ask ?? 0) - (1 - share) * (other?.ask ?? 0)
                if ([low, middle, high].includes(strike) && edge > 1e-9) expected.push(`${low} ${middle} ${high}`)
              }
          market.candidates.length = 0
          market.quote('C', strike, bid, ask)
          const found = market.candidates.map(({ trades }) => trades.map(({ instrument }) => 79 + instrument).join(' '))
          expect(found.toSorted()).toEqual(expected.toSorted())
        }
      }),
      { numRuns: 200 },
    )
  })
})
