import { describe, expect, it } from 'vitest'

import { feeOf, type FeeSchedule, feesOn } from '../../../../market/arbitrage/fees.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'

const TODAY = feesOn(arbitrageSettings().fees, '2014-06-05')

const options = (quantity: number, price: number, schedule = TODAY) =>
  feeOf({ isOption: true, side: 'buy', quantity, price, multiplier: 100 }, schedule)
const shares = (quantity: number, price: number, side: 'buy' | 'sell' = 'buy', schedule = TODAY) =>
  feeOf({ isOption: false, side, quantity, price, multiplier: 1 }, schedule)

describe('the commission of an order', () => {
  it.each([
    [1, 2, 1],
    [2, 5, 1.3],
    [3, 0.075, 1.5],
    [5, 0.03, 1.25],
    [10, 0.1, 6.5],
    [10, 0.05, 5],
    [10, 0.0499, 2.5],
    [1, 0, 1],
  ])('of %d options at %d is %d', (quantity, price, fee) => {
    expect(options(quantity, price)).toBe(fee)
  })

  it.each([
    [100, 50, 1],
    [1000, 50, 5],
    // 1 % of the value goes before the minimum.
    [10, 0.2, 0.02],
    [1000, 0.25, 2.5],
  ])('of %d shares at %d is %d', (quantity, price, fee) => {
    expect(shares(quantity, price)).toBe(fee)
  })

  it('has what exchanges and regulators take on top of its minimum', () => {
    const schedule = { ...TODAY, optionExtra: 0.05, salePercent: 0.00278 }
    expect(options(1, 2, schedule)).toBe(1.05)
    expect(shares(1000, 50, 'sell', schedule)).toBe(5 + 1.39)
    expect(shares(1000, 50, 'buy', schedule)).toBe(5)
  })

  it('is an exact number of ten-thousandths', () => {
    expect(options(3, 0.2, { ...TODAY, optionExtra: 0.1 })).toBe(2.25)
  })
})

describe('the schedule of a day', () => {
  const from = (date: string): FeeSchedule => ({ ...TODAY, from: date })

  it('is the latest that has begun, whatever their order, and the first one before all of them', () => {
    const schedules = [from('2020-01-01'), from('2010-01-01'), from('2015-01-01')]
    expect(feesOn(schedules, '2015-01-01').from).toBe('2015-01-01')
    expect(feesOn(schedules, '2019-12-31').from).toBe('2015-01-01')
    expect(feesOn(schedules, '2026-01-01').from).toBe('2020-01-01')
    expect(feesOn(schedules, '2000-01-01').from).toBe('2010-01-01')
  })
})
