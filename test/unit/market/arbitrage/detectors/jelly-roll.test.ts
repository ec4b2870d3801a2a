import { describe, expect, it } from 'vitest'

import { jellyRoll } from '../../../../../market/arbitrage/detectors/jelly-roll.ts'
import { addDays } from '../../../../../market/time.ts'
import { DetectorMarket, type DetectorMarketOptions, TODAY } from '../../../../support/arbitrage/detector-market.ts'

const [NEAR, FAR] = [addDays(TODAY, 73), addDays(TODAY, 146)]
const KNOWN = { rate: 0.05, dividends: [], borrow: 0 } as const
/** On a strike of 100, between the expiries. */
const INTEREST = 100 * (Math.exp(-0.01) - Math.exp(-0.02))

/** The near forward sold for 1.00 or bought for 1.20; the far one sold for `far` or bought for 0.20 more. */
function roll(options: DetectorMarketOptions, far: number): DetectorMarket {
  return new DetectorMarket(jellyRoll, options)
    .spot(101)
    .quote('C', 100, 4.1, 4.2, NEAR)
    .quote('P', 100, 3, 3.1, NEAR)
    .quote('C', 100, 5 + far, 5.1 + far, FAR)
    .quote('P', 100, 4.9, 5, FAR)
}

describe('jelly-roll', () => {
  it('buys the later forward for less than the interest between the expiries', () => {
    const found = roll({ on: 'SPX', ...KNOWN }, 1.5).found()
    expect(found.deal).toBe('-1 100C@4.1 +1 100P@3.1 +1 100C*@6.6 -1 100P*@4.9')
    expect(found.edge).toBeCloseTo(INTEREST - 0.7, 9)
    expect(found).toMatchObject({ certainty: 'expected', assumptions: ['dividends-as-expected', 'forward-rate'] })
    expect(found).toMatchObject({ expiry: NEAR, lastExpiry: FAR, capital: 100, worst: undefined })
  })

  it('sells the later forward for more than the interest between the expiries', () => {
    const found = roll({ on: 'SPX', ...KNOWN }, 2.5).found()
    expect(found.deal).toBe('+1 100C@4.2 -1 100P@3 -1 100C*@7.5 +1 100P*@5')
    expect(found.edge).toBeCloseTo(1.3 - INTEREST, 9)
    expect(found.assumptions).toEqual(['dividends-as-expected', 'forward-rate'])
  })

  it('rests on borrowing when it is bought over something that can be held, and at the worst on no interest or twice as much', () => {
    const bought = roll({ on: 'SPX', isTradable: true, ...KNOWN }, 1.5).found()
    expect(bought.assumptions).toEqual(['dividends-as-expected', 'borrow-stays', 'forward-rate'])
    expect(bought.worstEdge).toBeCloseTo(-0.7, 9)
    const sold = roll({ on: 'SPX', isTradable: true, ...KNOWN }, 2.5).found()
    expect(sold.assumptions).toEqual(['dividends-as-expected', 'forward-rate'])
    expect(sold.worstEdge).toBeCloseTo(1.3 - 2 * INTEREST, 9)
  })

  it('counts dividends and the borrow fee between the expiries against a bought roll, dividends for a sold one', () => {
    const dividends = [
      { exDate: addDays(TODAY, 10), amount: 5 },
      { exDate: FAR, amount: 0.5 },
    ]
    const paid = 0.5 * Math.exp(-0.02)
    const fee = 101 * (Math.exp(-0.002) - Math.exp(-0.004))
    expect(roll({ on: 'SPX', ...KNOWN, dividends, borrow: 0.01 }, 0.8).found().edge).toBeCloseTo(INTEREST - paid - fee - 0, 9)
    expect(roll({ on: 'SPX', ...KNOWN, dividends, borrow: 0.03 }, 0.8).candidates).toEqual([])
    expect(roll({ on: 'SPX', ...KNOWN, dividends, borrow: 0.01 }, 2.5).found().edge).toBeCloseTo(1.3 - INTEREST + paid, 9)
  })

  it('counts as carry what has an edge at zero rates alone', () => {
    const market = roll({ on: 'SPX', ...KNOWN }, 1.9)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['jelly-roll: carry'])
    expect(roll({ on: 'SPX', ...KNOWN, dividends: [{ exDate: FAR, amount: 2 }] }, 0.7).refused).toEqual(['jelly-roll: carry'])
  })

  it('is said of American options when it brings more than a conversion and a reversal can cost', () => {
    const known = { ...KNOWN, rate: 0.01 }
    const found = roll(known, 0.3).found()
    expect(found.assumptions).toEqual(['no-early-exercise', 'dividends-as-expected', 'borrow-stays', 'forward-rate'])
    expect(found.edge).toBeCloseTo(100 * Math.exp(-0.002) - 100 + 0.5, 9)
    expect(found.worstEdge).toBeCloseTo(found.edge - 0, 9)
    const sold = roll(known, 2.5).found()
    expect(sold.edge).toBeCloseTo(1.3 + 100 * Math.exp(-0.004) - 100, 9)
    const fee = 101 * (1 - Math.exp(-0.002 * 0.4))
    expect(roll({ ...known, borrow: 0.002 }, 0.3).found().edge).toBeCloseTo(found.edge - fee, 9)
    expect(roll(known, 0.9).refused).toEqual([])
    // 0.10 less than nothing for 0.20 of interest, which the right to exercise the far put early may be worth.
    const market = roll(known, 0.7)
    expect(market.candidates).toEqual([])
    expect(market.refused).toEqual(['jelly-roll: carry'])
  })

  it('names what nothing is known of', () => {
    expect(roll({}, 0.5).found().assumptions).toEqual([
      'no-early-exercise',
      'dividends-as-expected',
      'borrow-stays',
      'forward-rate',
      'rate-unknown',
      'dividends-unknown',
      'borrow-unknown',
    ])
  })

  it('finds nothing without one of its quotes', () => {
    const market = roll({ on: 'SPX', ...KNOWN }, 1.5)
    market.candidates.length = 0
    market.quote('P', 100, undefined, 5, FAR)
    expect(market.candidates).toEqual([])
    market.quote('P', 100, 4.9, 5, FAR).quote('C', 100, 4.1, 4.2, NEAR)
    expect(market.candidates).toHaveLength(2)
  })

  it('rolls no options whose expiries settle at prices of their own', () => {
    expect(roll({ on: 'VIX', ...KNOWN }, 1.5).refused).toEqual(['jelly-roll: settlement-mismatch'])
    expect(roll({ on: 'OEX', ...KNOWN }, 1.5).refused).toEqual(['jelly-roll: settlement-mismatch'])
  })
})
