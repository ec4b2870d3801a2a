import { describe, expect, it } from 'vitest'

import {
  continuousCost,
  discountFactor,
  discountRange,
  lateLoss,
  paymentsOfBroker,
  presentValueOfPayments,
  rateFor,
} from '../../../../market/option/carry.ts'

const points = [
  { days: 30, rate: 0.04 },
  { days: 90, rate: 0.05 },
  { days: 365, rate: 0.03 },
]

describe('rates by term', () => {
  it('have their own discount factors at the points', () => {
    expect(discountFactor(points, 90)).toBeCloseTo(Math.exp((-0.05 * 90) / 365), 14)
    expect(discountFactor(points, 365)).toBeCloseTo(Math.exp(-0.03), 14)
    expect(discountFactor(points, 0)).toBe(1)
  })

  it('have a constant forward rate between two points, so that discount factors are geometric means', () => {
    expect(discountFactor(points, 60)).toBeCloseTo(Math.sqrt(discountFactor(points, 30) * discountFactor(points, 90)), 14)
  })

  it('go on before the first point and behind the last', () => {
    expect(rateFor(points, 1)).toBe(0.04)
    expect(rateFor(points, 1000)).toBe(0.03)
    expect(rateFor([{ days: 0, rate: 0.02 }], 500)).toBe(0.02)
  })

  it('make money worth least and most at their points, or at the ends', () => {
    const falling = [
      { days: 100, rate: 0.06 },
      { days: 200, rate: 0.01 },
      { days: 400, rate: 0.03 },
    ]
    const [at100, at200, at400] = falling.map(({ days }) => discountFactor(falling, days)) as [number, number, number]
    expect(discountRange(falling, 200)).toEqual({ least: at100, most: 1, rise: at200 - at100 })
    expect(discountRange(falling, 400)).toEqual({ least: at400, most: 1, rise: at200 - at100 })
    expect(discountRange(falling, 50)).toEqual({ least: discountFactor(falling, 50), most: 1, rise: 0 })
    const negative = [{ days: 1, rate: -0.01 }]
    expect(discountRange(negative, 365)).toEqual({ least: 1, most: Math.exp(0.01), rise: Math.exp(0.01) - 1 })
    expect(discountRange([], 365)).toEqual({ least: 1, most: 1, rise: 0 })
  })

  it('loses the interest of some nights when it comes late, at the highest forward rate until the day, and none at negative ones', () => {
    const byDays = [10, 90].map((days, i) => ({ days, rate: [0.02, 0.06][i] as number }))
    const flat = [{ days: 365, rate: 0.05 }]
    expect(lateLoss(flat, 90, 4)).toBeCloseTo(1 - Math.exp((-0.05 * 4) / 365), 12)
    expect(lateLoss(flat, 2, 4)).toBeCloseTo(1 - Math.exp((-0.05 * 2) / 365), 12)
    expect(lateLoss(flat, 0, 4)).toBe(0)
    // 6 % for 90 days with 2 % for the first 10 of them: 6.5 % for the other 80.
    expect(lateLoss(byDays, 90, 4)).toBeCloseTo(1 - Math.exp((-0.065 * 4) / 365), 12)
    expect(lateLoss(byDays, 5, 4)).toBeCloseTo(1 - Math.exp((-0.02 * 4) / 365), 12)
    expect(lateLoss([{ days: 365, rate: -0.01 }], 90, 4)).toBe(0)
  })

  it('are 0 without any point', () => {
    expect(discountFactor([], 500)).toBe(1)
  })
})

describe('dividends', () => {
  it('count from the day after today up to the last day', () => {
    const payments = [
      { exDate: '2014-06-05', amount: 1 },
      { exDate: '2014-06-06', amount: 2 },
      { exDate: '2014-07-06', amount: 4 },
      { exDate: '2014-08-06', amount: 8 },
    ]
    expect(presentValueOfPayments(payments, [], '2014-06-05', '2014-07-06')).toBe(6)
    const discounted = presentValueOfPayments(payments, [{ days: 0, rate: 0.05 }], '2014-06-05', '2014-07-06')
    expect(discounted).toBeCloseTo(2 * Math.exp(-0.05 / 365) + 4 * Math.exp((-0.05 * 31) / 365), 12)
  })

  it('come from the broker as text', () => {
    expect(paymentsOfBroker('0.83,0.92,20130219,0.23')).toEqual([
      { exDate: '2013-02-19', amount: 0.23 },
      { exDate: '2013-05-19', amount: 0.23 },
      { exDate: '2013-08-19', amount: 0.23 },
      { exDate: '2013-11-19', amount: 0.23 },
    ])
    expect(paymentsOfBroker('1.5,1.5,20130131,1.5')).toEqual([{ exDate: '2013-01-31', amount: 1.5 }])
    expect(paymentsOfBroker('1,1,20130831,0.5')?.[1]).toEqual({ exDate: '2014-02-28', amount: 0.5 })
  })

  it('are absent where the broker knows no next one', () => {
    for (const text of ['', '0.83,0.92,,', ',,,', '0.83,0.92,20130231,0.23', '0.83,0.92,20130219,0', 'nonsense'])
      expect(paymentsOfBroker(text)).toBeUndefined()
  })

  it('that are paid as a yield, or a fee, take a share of the spot', () => {
    expect(continuousCost(100, 0.05, 365)).toBeCloseTo(100 * (1 - Math.exp(-0.05)), 12)
    expect(continuousCost(100, 0, 365)).toBe(0)
  })
})
