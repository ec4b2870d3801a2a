/** What an account can bear: margin, refused orders, and what nights cost by the market's rate. */

import { describe, expect, it } from 'vitest'

import { benchmark } from '../../../../backtester/engine/models/financing/financing.ts'
import { cash } from '../../../../backtester/engine/models/margin/cash.ts'
import type { Holding } from '../../../../backtester/engine/models/margin/margin.ts'
import { regT } from '../../../../backtester/engine/models/margin/reg-t.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import type { OptionContract } from '../../../../market/contract.ts'
import { at, openDesk, option, plainModels, STOCK } from './engine-desk.ts'

const shares = (quantity: number, mark: number): Holding => ({
  contract: { kind: 'stock', symbol: 'XYZ', currency: 'USD' },
  quantity,
  mark,
  underlyingPrice: undefined,
})
const options = (quantity: number, mark: number, more: Partial<OptionContract>): Holding => ({
  contract: option(more),
  quantity,
  mark,
  underlyingPrice: 100,
})

describe('Regulation T, approximately, asks an account to cover', () => {
  it.each<[string, Holding[], number, number]>([
    ['half of shares that are held, and a quarter to keep them', [shares(100, 80)], 4000, 2000],
    ['half of shares that are short beside their proceeds', [shares(-100, 80)], 4000, 2400],
    ['all of a long option', [options(2, 3.5, { strike: 100 })], 700, 700],
    ['20 % of the underlying for a short call at the money', [options(-1, 4, { strike: 100 })], 2000, 2000],
    ['less by what a short call is out of the money', [options(-1, 1, { strike: 105 })], 1500, 1500],
    ['10 % of the underlying for a short call far out', [options(-1, 0.1, { strike: 150 })], 1000, 1000],
    ['10 % of the strike for a short put far out', [options(-1, 0.1, { strike: 60, right: 'P' })], 600, 600],
    ['nothing for a call that shares cover', [shares(100, 100), options(-1, 4, { strike: 100 })], 5000, 2500],
    // Sold at 4 and bought at 1.5 the pair loses 5 at the worst, 2.5 of which came in.
    ['the width of a short spread less what it brought', [options(-1, 4, { strike: 100 }), options(1, 1.5, { strike: 105 })], 250, 250],
    ['what a long spread costs', [options(1, 4, { strike: 100 }), options(-1, 1.5, { strike: 105 })], 250, 250],
    [
      'both sides of a short call whose long one expires before it',
      [options(-1, 4, { strike: 100 }), options(1, 1.5, { strike: 105, expiry: '2024-02-16' })],
      2150,
      2150,
    ],
  ])('%s', (_, holdings, initial, maintenance) => {
    const model = regT()
    expect([fromUnits(model.initial(holdings)), fromUnits(model.maintenance(holdings))]).toEqual([initial, maintenance])
  })
})

it('an account without credit covers all that it holds and is short of', () => {
  expect(fromUnits(cash().initial([shares(100, 80), options(-1, 4, {})]))).toBe(8400)
})

describe('an order that the account cannot bear', () => {
  it('is rejected with what is missing, and one that needs less is not', () => {
    const desk = openDesk({ cash: 10_000, models: { ...plainModels(), margin: regT() } })
    desk.quote(STOCK, at('2024-03-05', 10), 100)
    const give = (side: 'buy' | 'sell', quantity: number) =>
      desk.engine.orders[desk.context.orders.submit({ type: 'market', side, instrument: STOCK, quantity }) - 1]
    expect(give('buy', 201)).toMatchObject({
      status: 'rejected',
      reason: 'buying power is short: 10050.00 of equity would be needed, there are 10000.00',
    })
    give('buy', 100)
    desk.quote(STOCK, at('2024-03-05', 11), 100, 100, { askSize: 200 })
    const second = give('buy', 100)
    desk.quote(STOCK, at('2024-03-05', 12), 70)
    expect(second?.status).toBe('filled')
    // 10,000 are owed, and 200 shares at 70 leave 4,000: enough to keep them, and 7,000 are needed to buy.
    expect(give('buy', 1)?.status).toBe('rejected')
    const less = give('sell', 50)
    desk.quote(STOCK, at('2024-03-05', 14), 70)
    expect(less?.status).toBe('filled')
    // Nobody buys what should be sold.
    desk.quote(STOCK, at('2024-03-05', 15), 50, 50, { bidSize: 0 })
    desk.engine.advanceTo(at('2024-03-05', 17))
    expect(desk.kinds()).toEqual(['margin-call'])
  })

  it('is cancelled when only its price shows it, at the open of the next bar', () => {
    const desk = openDesk({ cash: 10_000, models: { ...plainModels(), margin: cash() } })
    desk.day(STOCK, '2024-03-05', { close: 100 })
    const id = desk.context.orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 100 })
    desk.day(STOCK, '2024-03-06', { open: 101, close: 100 })
    desk.engine.finish()
    expect(desk.context.orders.find(id)).toMatchObject({ status: 'cancelled', reason: expect.stringContaining('buying power') as string })
  })
})

it('nights bring and cost what the overnight rate says, less and more a margin', () => {
  const owing = openDesk({ cash: 36_000, models: { ...plainModels(), financing: benchmark({ below: 0.005, above: 0.015, borrow: 0 }) } })
  owing.engine.record({
    kind: 'carry',
    input: 'rates',
    currency: 'USD',
    asOf: '2024-03-04',
    source: 'settings',
    points: [{ days: 1, rate: 0.055 }],
    seq: 1,
    tsUs: at('2024-03-05', 9),
  })
  owing.quote(STOCK, at('2024-03-05', 10), 100, 100, { askSize: 1000 })
  owing.engine.advanceTo(at('2024-03-06', 1))
  expect(fromUnits(owing.engine.portfolio.income.interest)).toBe(5)
  owing.quote(STOCK, at('2024-03-06', 10), 100, 100, { askSize: 1000 })
  owing.context.orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 720 })
  owing.engine.advanceTo(at('2024-03-07', 1))
  expect(fromUnits(owing.engine.portfolio.costs.interest)).toBeCloseTo((35_995 * 0.07) / 360, 3)
})
