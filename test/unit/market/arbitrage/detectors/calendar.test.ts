import { describe, expect, it } from 'vitest'

import { calendar } from '../../../../../market/arbitrage/detectors/calendar.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

const [NEAR, FAR] = [addDays(TODAY, 73), addDays(TODAY, 146)]

/** A near option that brings 5.30, and a far one at 5.00. */
function inverted(options: DetectorMarketOptions, right: 'C' | 'P' = 'C'): DetectorMarket {
  return new DetectorMarket(calendar, options).quote(right, 80, 5.3, 5.4, NEAR).quote(right, 80, 4.9, 5, FAR)
}

describe('calendar', () => {
  it('buys the later American option for less than the earlier one brings', () => {
    const found = inverted({ dividends: [] }).found()
    expect(found.deal).toBe('-1 80C@5.3 +1 80C*@5')
    expect(found.edge).toBeCloseTo(0.3, 9)
    expect(found).toMatchObject({ certainty: 'guaranteed', expiry: NEAR, lastExpiry: FAR, worth: 0, capital: 5 })
    expect(inverted({}, 'P').found()).toMatchObject({ certainty: 'guaranteed', assumptions: [] })
  })

  it('takes off what an assigned put costs in interest until the far one brings the strike, at 10 % where no rate is known', () => {
    const late = (rate: number) => 80 * (1 - Math.exp((-rate * 4) / 365))
    expect(inverted({ rate: 0.05 }, 'P').found()).toMatchObject({ certainty: 'guaranteed', edge: expect.closeTo(0.3 - late(0.05), 9) })
    expect(inverted({ rate: -0.01 }, 'P').found().edge).toBeCloseTo(0.3, 9)
    expect(inverted({}, 'P').found().edge).toBeCloseTo(0.3 - late(0.1), 9)
    expect(inverted({ rate: 0.4 }, 'P').refused).toEqual(['calendar: carry'])
    expect(inverted({ rate: 0.4, dividends: [] }).found().edge).toBeCloseTo(0.3, 9)
  })

  it('only expects it of options that may be European, as those of other countries may', () => {
    const expected = { certainty: 'expected', assumptions: ['style-unknown'], worst: undefined }
    expect(inverted({ currency: 'EUR', rate: 0 }, 'P').found()).toMatchObject(expected)
    expect(inverted({ currency: 'EUR', rate: 0, dividends: [] }).found()).toMatchObject(expected)
  })

  it('only expects it of calls with an ex-date before the earlier expiry', () => {
    const before = inverted({ rate: 0, dividends: [{ exDate: NEAR, amount: 0.4 }] }).found()
    expect(before).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(before.worstEdge).toBeCloseTo(0.3 - 0.4, 9)
    expect(inverted({ rate: 0, dividends: [{ exDate: FAR, amount: 0.4 }] }).found().certainty).toBe('guaranteed')
    // Exercise on the last evening is for a dividend of the next trading day, four days on at the most.
    const behind = inverted({ rate: 0, dividends: [{ exDate: addDays(NEAR, 4), amount: 0.4 }] }).found()
    expect(behind).toMatchObject({ certainty: 'expected', assumptions: ['no-early-exercise'] })
    expect(behind.worstEdge).toBeCloseTo(0.3 - 0.4, 9)
    expect(inverted({ rate: 0, dividends: [{ exDate: addDays(NEAR, 5), amount: 0.4 }] }).found().certainty).toBe('guaranteed')
    expect(inverted({}).found().assumptions).toEqual(['no-early-exercise', 'dividends-unknown'])
  })

  it('is found at whichever quote comes last, and only at the same strike', () => {
    const market = new DetectorMarket(calendar, { dividends: [] }).quote('C', 80, 4.9, 5, FAR).quote('C', 75, 5.3, 5.4, NEAR)
    expect(market.candidates).toEqual([])
    expect(market.quote('C', 80, 5.3, 5.4, NEAR).found().edge).toBeCloseTo(0.3, 9)
    expect(market.quote('C', 80, 5, 5.4, NEAR).candidates).toEqual([])
  })

  it('reaches as many expiries as the desk does', () => {
    const expiries = [10, 20, 30, 40].map((days) => addDays(TODAY, days))
    const market = new DetectorMarket(calendar, { dividends: [] })
    for (const expiry of expiries.slice(1)) market.quote('P', 80, 4.9, 5, expiry)
    market.quote('P', 80, 5.3, 5.4, expiries[0])
    expect(market.candidates.map(({ lastExpiry }) => lastExpiry)).toEqual(expiries.slice(1, 3))
  })

  it('takes no European puts, which may invert, for an arbitrage', () => {
    const market = inverted({ on: 'SPX', rate: 0.05, dividends: [] }, 'P')
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['calendar: carry'])
  })

  it('only expects European calls to keep in order, when interest exceeds the dividends between', () => {
    const found = inverted({ on: 'SPX', rate: 0.05, dividends: [] }).found()
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['dividends-as-expected', 'forward-rate'], worth: 0 })
    expect(found.worst).toBeUndefined()
    // Interest on 80 for 73 days is 0.79 in today's money: of 1.00 paid between, the rest is owed.
    const between = [{ exDate: FAR, amount: 1 }]
    const owing = inverted({ on: 'SPX', rate: 0.05, dividends: between }).found()
    const paid = Math.exp(-0.02)
    expect(owing.edge).toBeCloseTo(0.3 + 80 * (Math.exp(-0.01) - Math.exp(-0.02)) - paid, 9)
    const more = [{ exDate: FAR, amount: 2 }]
    expect(inverted({ on: 'SPX', rate: 0.05, dividends: more }).refused).toEqual(['calendar: carry'])
  })

  it('counts the borrow fee between where the underlying can be held short, and no interest at the worst', () => {
    const known = { on: 'SPX', isTradable: true, rate: 0.05, dividends: [] } as const
    const found = new DetectorMarket(calendar, { ...known, borrow: 0.06 })
      .spot(81)
      .quote('C', 80, 5.3, 5.4, NEAR)
      .quote('C', 80, 4.9, 5, FAR)
      .found()
    const fee = 81 * (Math.exp(-0.012) - Math.exp(-0.024))
    expect(found.assumptions).toEqual(['dividends-as-expected', 'borrow-stays', 'forward-rate'])
    expect(found.edge).toBeCloseTo(0.3 + 80 * (Math.exp(-0.01) - Math.exp(-0.02)) - fee, 9)
    expect(found.worstEdge).toBeCloseTo(0.3 - fee, 9)
    expect(inverted(known).found().assumptions).toContain('borrow-unknown')
  })

  it('takes a yield as what the underlying pays between at its present price', () => {
    const market = new DetectorMarket(calendar, { on: 'SPX', rate: 0, yield: 0.01 }).spot(100)
    const found = market.quote('C', 80, 25.5, 26, NEAR).quote('C', 80, 24, 25, FAR).found()
    expect(found.edge).toBeCloseTo(0.5 - 100 * (Math.exp(-0.002) - Math.exp(-0.004)), 9)
  })

  it('compares no options whose expiries settle at prices of their own', () => {
    expect(inverted({ on: 'VIX', rate: 0, dividends: [] }).refused).toEqual(['calendar: settlement-mismatch'])
    expect(inverted({ on: 'OEX', rate: 0, dividends: [] }).refused).toEqual(['calendar: settlement-mismatch'])
  })
})
