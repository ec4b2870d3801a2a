/** What the models take of an order. */

import { describe, expect, it } from 'vitest'

import { percent, schedule } from '../../../../backtester/engine/models/fees/fees.ts'
import { ibFixed, ibTiered } from '../../../../backtester/engine/models/fees/ib.ts'
import { impact } from '../../../../backtester/engine/models/slippage/impact.ts'
import { linear, squareRoot } from '../../../../backtester/engine/models/slippage/slippage.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import { arbitrageSchema } from '../../../../market/arbitrage/settings.ts'

const { fees: schedules } = arbitrageSchema([]).parse({})
const nothing = { quantity: 0, price: 0 }
/** Without what regulators and exchanges take on top. */
const commissionsOnly = schedules.map((one) => ({ ...one, optionExtra: 0, salePercent: 0 }))
const model = schedule({ schedules: commissionsOnly })

describe('fees by schedule', () => {
  it.each([
    [1, 2, 1],
    [2, 5, 1.3],
    [3, 0.075, 1.5],
    [5, 0.03, 1.25],
  ])('take of %i options at %f what IB takes: %f', (quantity, price, fee) => {
    const order = { isOption: true, side: 'buy' as const, quantity, price, multiplier: 100 }
    expect(fromUnits(model.commission(order, nothing, '2024-01-02'))).toBe(fee)
  })

  it.each([
    [100, 50, 1],
    [1000, 50, 5],
    [1000, 0.2, 2],
  ])('take of %i shares at %f what IB takes: %f', (quantity, price, fee) => {
    const order = { isOption: false, side: 'sell' as const, quantity, price, multiplier: 1 }
    expect(fromUnits(model.commission(order, nothing, '2024-01-02'))).toBe(fee)
  })

  it('take the minimum of an order once, in however many fills it comes', () => {
    const fill = { isOption: true, side: 'buy' as const, quantity: 1, price: 2, multiplier: 100 }
    const fees = [0, 1, 2].map((filled) => model.commission(fill, { quantity: filled, price: filled && 2 }, '2024-01-02'))
    expect(fees.map(fromUnits)).toEqual([1, 0.3, 0.65])
  })
})

it('a percentage is taken of what is traded', () => {
  const order = { isOption: true, side: 'buy' as const, quantity: 2, price: 1.5, multiplier: 100 }
  expect(fromUnits(percent({ percent: 0.1 }).commission(order, nothing, '2024-01-02'))).toBe(0.3)
})

it('slippage is so many basis points, or as many as the order takes of what was shown', () => {
  const trade = { side: 'buy' as const, quantity: 25, price: 200, shown: 100, volume: undefined }
  expect(linear({ basisPoints: 5 }).perUnit(trade)).toBeCloseTo(0.1, 12)
  expect(squareRoot({ basisPoints: 5 }).perUnit(trade)).toBeCloseTo(0.05, 12)
  expect(squareRoot({ basisPoints: 5 }).perUnit({ ...trade, shown: undefined })).toBeCloseTo(0.1, 12)
})

it('impact grows with volatility and the 3/5 power of the part of the volume', () => {
  const trade = { side: 'sell' as const, quantity: 1000, price: 50, shown: undefined, volume: 32_000 }
  // 1/32 to the power of 3/5 is 1/8: 50 * 0.142 * 0.02 / 8.
  expect(impact({ volatility: 0.02 }).perUnit(trade)).toBeCloseTo(0.01775, 12)
  expect(impact({ volatility: 0.04 }).perUnit({ ...trade, volume: undefined, shown: 32_000 })).toBeCloseTo(0.0355, 12)
  // Nobody knows of how much it is a part: as all of it.
  expect(impact({ volatility: 0.02 }).perUnit({ ...trade, volume: undefined })).toBeCloseTo(0.142, 12)
  expect(impact({ volatility: 0.02 }).perUnit({ ...trade, volume: 0 })).toBeCloseTo(0.142, 12)
})

describe('the plans of IB', () => {
  it.each([
    ['ib-fixed', true, 1, 2, 1],
    ['ib-fixed', true, 2, 5, 1.3],
    ['ib-fixed', true, 5, 0.03, 3.25],
    ['ib-fixed', false, 100, 50, 1],
    ['ib-fixed', false, 1000, 0.2, 2],
    ['ib-tiered', true, 1, 2, 1],
    ['ib-tiered', true, 2, 5, 1.3],
    ['ib-tiered', true, 3, 0.075, 1.5],
    ['ib-tiered', true, 5, 0.03, 1.25],
    ['ib-tiered', false, 50, 50, 0.35],
    ['ib-tiered', false, 1000, 50, 3.5],
    ['ib-tiered', false, 1000, 0.2, 2],
  ])('%s, option: %s, %i at %f, cost %f', (name, isOption, quantity, price, fee) => {
    const plan = [ibFixed(), ibTiered()].find((one) => one.name === name)
    const order = { isOption, side: 'buy' as const, quantity, price, multiplier: isOption ? 100 : 1 }
    expect(fromUnits(plan?.commission(order, nothing, '2024-01-02') ?? Number.NaN)).toBe(fee)
  })

  it('change on their dates where a schedule is dated', () => {
    const [first] = commissionsOnly
    if (!first) throw new Error('expected a schedule')
    const dated = schedule({ schedules: [{ ...first, from: '2024-02-01', shareMinimum: 3 }, first] })
    const order = { isOption: false, side: 'buy' as const, quantity: 10, price: 1000, multiplier: 1 }
    expect(['2024-01-31', '2024-02-01'].map((date) => fromUnits(dated.commission(order, nothing, date)))).toEqual([1, 3])
  })
})
