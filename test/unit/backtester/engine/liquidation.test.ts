/** The broker closes what the equity does not cover any more: which position, how much of it, and what it costs. */

import { describe, expect, it } from 'vitest'

import { contractRecord } from '../../../../backtester/engine/engine.ts'
import { ibFixed } from '../../../../backtester/engine/models/fees/ib.ts'
import { cash } from '../../../../backtester/engine/models/margin/cash.ts'
import { regT } from '../../../../backtester/engine/models/margin/reg-t.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import { at, CALL, type Desk, type DeskOptions, openDesk, plainModels, STOCK } from './engine-desk.ts'

const day = '2024-03-05'
const OTHER = 9

const open = (options: DeskOptions & { cash: number }): Desk => {
  const desk = openDesk({ models: { ...plainModels(), fees: ibFixed(), margin: regT() }, ...options })
  desk.engine.record(contractRecord(OTHER, { kind: 'stock', symbol: 'ABC', currency: 'USD' }, 0))
  return desk
}
const market = (desk: Desk, side: 'buy' | 'sell', instrument: number, quantity: number) =>
  desk.context.orders.submit({ type: 'market', side, instrument, quantity })
const held = ({ engine }: Desk, instrument: number) => engine.portfolio.position(instrument)?.quantity ?? 0
const liquidations = ({ events }: Desk) => events.filter(({ kind }) => kind === 'liquidation')
const large = { bidSize: 1000, askSize: 1000 }

describe('an account whose equity is below what its positions need', () => {
  it('has so many shares sold that the rest is covered, at the bid, with their commission', () => {
    const desk = open({ cash: 10_001 })
    desk.quote(STOCK, at(day, 10), 100, 100, large)
    market(desk, 'buy', STOCK, 180)
    desk.quote(STOCK, at(day, 11), 100, 100, large)
    const resting = desk.context.orders.submit({ type: 'limit', side: 'buy', instrument: STOCK, quantity: 1, limit: 10 })
    // 8,000 are owed: 180 shares at 59 leave 2,620, and a quarter of what they are worth is 2,655.
    desk.quote(STOCK, at(day, 12), 59, 59, large)
    // Each share that is sold needs 14.75 less: 35 are missing, so three of them, and their commission of 1 still fits.
    expect(liquidations(desk)).toEqual([
      { kind: 'liquidation', tsUs: at(day, 12), instrument: STOCK, orderId: 3, quantity: -3, equity: 2620, needed: 2655 },
    ])
    expect(desk.fills.at(-1)).toMatchObject({ orderId: 3, side: 'sell', quantity: 3, price: 59, commission: 1 })
    expect(desk.engine.orders.at(-1)?.request).toMatchObject({ type: 'market', note: 'liquidation' })
    expect(desk.context.orders.find(resting)).toMatchObject({
      status: 'cancelled',
      reason: expect.stringContaining('want of equity') as string,
    })
    expect([held(desk, STOCK), fromUnits(desk.engine.portfolio.equity)]).toEqual([177, 2619])
    expect(desk.engine.portfolio.imbalance()).toBe(0)
  })

  it('loses first the position whose closing leaves the most', () => {
    const desk = open({ cash: 20_000, models: { ...plainModels(), margin: regT() } })
    desk.quote(STOCK, at(day, 10), 100, 100, large)
    desk.quote(OTHER, at(day, 10), 50, 50, large)
    market(desk, 'buy', STOCK, 100)
    market(desk, 'sell', OTHER, 200)
    desk.quote(STOCK, at(day, 11), 40, 40, large)
    expect(liquidations(desk)).toEqual([])
    // Equity 20,000 - 6,000 - 10,000; needed 1,000 and 30 % of 20,000.
    desk.quote(OTHER, at(day, 12), 100, 100, large)
    // A share that is bought back frees 30, one that is sold 10: 3,000 are missing.
    expect(liquidations(desk)).toMatchObject([{ instrument: OTHER, quantity: 100, equity: 4000, needed: 7000 }])
    expect([held(desk, STOCK), held(desk, OTHER)]).toEqual([100, -100])
  })

  it('is closed as far as is shown, and goes on when more is shown', () => {
    const desk = open({ cash: 3000, models: { ...plainModels(), margin: regT() } })
    desk.quote(STOCK, at(day, 10), 50)
    desk.quote(CALL, at(day, 10), 2)
    market(desk, 'sell', CALL, 3)
    desk.quote(CALL, at(day, 10.5), 2)
    expect(held(desk, CALL)).toBe(-3)
    // Each one needs 20 % of 50 at the money, and is 300 more in debt: of 2,700 are left 1,800 where 3,000 are needed. One is offered.
    desk.quote(CALL, at(day, 11), 5, 6, { askSize: 1 })
    expect(liquidations(desk)).toMatchObject([{ instrument: CALL, quantity: 1 }])
    expect(held(desk, CALL)).toBe(-2)
    desk.quote(CALL, at(day, 12), 5, 6, { askSize: 2 })
    expect(held(desk, CALL)).toBe(-1)
    expect(desk.engine.portfolio.imbalance()).toBe(0)
  })

  it('trades at the open of the next bar, where it has no quotes', () => {
    const desk = open({ cash: 10_000, models: { ...plainModels(), margin: regT() } })
    desk.day(STOCK, '2024-03-04', { close: 100 })
    market(desk, 'buy', STOCK, 180)
    desk.day(STOCK, '2024-03-05', { open: 100, close: 58 })
    desk.day(STOCK, '2024-03-06', { open: 57, close: 60 })
    desk.day(STOCK, '2024-03-07', { close: 60 })
    // Equity 2,440, needed 2,610 at the close: twelve shares, which bring the 57 of the morning.
    expect(desk.fills.map(({ side, quantity, price }) => [side, quantity, price])).toEqual([
      ['buy', 180, 100],
      ['sell', 12, 57],
    ])
    expect(liquidations(desk)).toHaveLength(1)
  })

  it('is left alone without a model of margin', () => {
    const desk = open({ cash: 10_000, models: plainModels() })
    desk.quote(STOCK, at(day, 10), 100, 100, large)
    market(desk, 'buy', STOCK, 180)
    desk.quote(STOCK, at(day, 12), 10, 10, large)
    desk.engine.advanceTo(at(day, 17))
    expect([held(desk, STOCK), desk.events]).toEqual([180, []])
  })

  it('is told to whoever asks for news of the account, behind which no order of the strategy was left', () => {
    const heard: [string, number][] = []
    const desk = open({
      cash: 10_000,
      models: { ...plainModels(), margin: regT() },
      handlers: ({ orders }) => ({ onAccount: ({ kind }) => void heard.push([kind, [...orders.open()].length]) }),
    })
    desk.quote(STOCK, at(day, 10), 100, 100, large)
    market(desk, 'buy', STOCK, 180)
    desk.context.orders.submit({ type: 'stop', side: 'sell', instrument: STOCK, quantity: 180, stop: 10 })
    desk.quote(STOCK, at(day, 12), 58, 58, large)
    expect(heard).toEqual([['liquidation', 0]])
  })
})

it('what was paid for without credit is kept, whatever it comes to be worth', () => {
  const desk = open({ cash: 10_001, models: { ...plainModels(), fees: ibFixed(), margin: cash() } })
  desk.quote(STOCK, at(day, 10), 100, 100, large)
  market(desk, 'buy', STOCK, 100)
  desk.quote(STOCK, at(day, 12), 1, 1, large)
  expect([held(desk, STOCK), liquidations(desk)]).toEqual([100, []])
})

it('an order that the account could bear but for its commission is refused', () => {
  const desk = open({ cash: 10_000, models: { ...plainModels(), fees: ibFixed(), margin: cash() } })
  desk.quote(STOCK, at(day, 10), 100, 100, large)
  expect(desk.context.orders.find(market(desk, 'buy', STOCK, 100))).toMatchObject({
    status: 'rejected',
    reason: 'buying power is short: 10001.00 of equity would be needed, there are 10000.00',
  })
})

it('an order is refused that the account could bear only for what another instrument closes at in the same bars', () => {
  const desk = open({ cash: 10_000, models: { ...plainModels(), margin: regT() } })
  const both = (date: string, stock: { open: number; close: number }, other: { open: number; close: number }) => {
    desk.engine.advanceTo(at(date, 0))
    desk.days(date, [
      [STOCK, stock],
      [OTHER, other],
    ])
  }
  both('2024-03-04', { open: 100, close: 100 }, { open: 100, close: 100 })
  market(desk, 'buy', STOCK, 100)
  const late = market(desk, 'buy', OTHER, 120)
  // Half of 10,000 and of 12,120 is more than the equity of 10,000. At the close it will be 20,000, which would do.
  both('2024-03-05', { open: 100, close: 200 }, { open: 101, close: 101 })
  expect(desk.context.orders.find(late)).toMatchObject({ status: 'cancelled', reason: expect.stringContaining('buying power') as string })
  expect([held(desk, STOCK), held(desk, OTHER)]).toEqual([100, 0])
  expect(fromUnits(desk.engine.portfolio.equity)).toBe(20_000)
})
