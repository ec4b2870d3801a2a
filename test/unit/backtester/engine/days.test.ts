/** What days bring: corporate actions, expiries, exercise and assignment, nights. */

import { describe, expect, it } from 'vitest'

import { contractRecord } from '../../../../backtester/engine/engine.ts'
import { fixed } from '../../../../backtester/engine/models/financing/financing.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Trade } from '../../../../market/tick.ts'
import { at, CALL, type Desk, INDEX, INDEX_CALL, openDesk, option, plainModels, PUT, STOCK } from './engine-desk.ts'

const buy = (desk: Desk, instrument: number, quantity: number) =>
  desk.context.orders.submit({ type: 'market', side: 'buy', instrument, quantity })
const sell = (desk: Desk, instrument: number, quantity: number) =>
  desk.context.orders.submit({ type: 'market', side: 'sell', instrument, quantity })
const held = ({ engine }: Desk, instrument: number) => engine.portfolio.position(instrument)?.quantity ?? 0
const cash = ({ engine }: Desk) => fromUnits(engine.portfolio.cash)

/** On the last morning of the options, with 100 units shown of each. */
function lastMorning(options: Parameters<typeof openDesk>[0] = {}): Desk {
  const desk = openDesk(options)
  desk.quote(STOCK, at('2024-03-15', 10), 52)
  desk.quote(CALL, at('2024-03-15', 10), 2)
  desk.quote(PUT, at('2024-03-15', 10), 0.5)
  return desk
}

describe('an option at its expiry', () => {
  it('in the money delivers shares at the strike, booked at the cut-off by the price of the close', () => {
    const desk = lastMorning()
    buy(desk, CALL, 2)
    desk.quote(STOCK, at('2024-03-15', 15), 53)
    desk.quote(STOCK, at('2024-03-15', 16.5), 40)
    expect(held(desk, CALL)).toBe(2)
    desk.engine.finish()
    expect([held(desk, CALL), held(desk, STOCK)]).toEqual([0, 200])
    expect(cash(desk)).toBe(1_000_000 - 400 - 10_000)
    expect(desk.kinds()).toEqual(['exercise'])
    expect(desk.engine.portfolio.imbalance()).toBe(0)
  })

  it.each([
    [50.009, 0],
    [50.01, 100],
  ])('at a close of %f leaves %i shares: 0.01 in the money is exercised', (close, shares) => {
    const desk = lastMorning()
    buy(desk, CALL, 1)
    desk.quote(STOCK, at('2024-03-15', 15), close)
    desk.engine.advanceTo(at('2024-03-15', 17))
    expect([held(desk, CALL), held(desk, STOCK)]).toEqual([1, 0])
    desk.engine.advanceTo(at('2024-03-15', 18))
    expect([held(desk, CALL), held(desk, STOCK)]).toEqual([0, shares])
  })

  it('is let go when the strategy says so, and is not traded any more', () => {
    const desk = lastMorning()
    buy(desk, CALL, 1)
    desk.quote(STOCK, at('2024-03-15', 15), 53)
    desk.context.orders.lapse(CALL)
    const late = desk.context.orders.submit({ type: 'limit', limit: 1, side: 'buy', instrument: CALL, quantity: 1 })
    desk.quote(STOCK, at('2024-03-18', 10), 53)
    expect([held(desk, CALL), held(desk, STOCK)]).toEqual([0, 0])
    expect(desk.engine.orders[late - 1]?.status).toBe('expired')
    const next = buy(desk, CALL, 1)
    expect(desk.engine.orders[next - 1]).toMatchObject({ status: 'rejected', reason: expect.stringContaining('expired') as string })
  })

  it('assigns who is short: shares are taken for puts and given for calls', () => {
    const desk = lastMorning()
    sell(desk, PUT, 3)
    desk.quote(STOCK, at('2024-03-15', 15), 48)
    desk.engine.advanceTo(at('2024-03-15', 18))
    expect([held(desk, PUT), held(desk, STOCK)]).toEqual([0, 300])
    expect(desk.kinds()).toEqual(['assignment'])
    expect(fromUnits(desk.engine.portfolio.equity)).toBe(1_000_000 + 150 - 600)
  })

  it('listed on a Saturday ends with the Friday before it', () => {
    const desk = openDesk()
    desk.engine.record(contractRecord(9, option({ expiry: '2014-06-21' }), 1))
    desk.quote(STOCK, at('2014-06-20', 10), 60)
    desk.quote(9, at('2014-06-20', 10), 10)
    buy(desk, 9, 1)
    desk.quote(STOCK, at('2014-06-20', 17), 61)
    expect(held(desk, 9)).toBe(1)
    desk.engine.advanceTo(at('2014-06-20', 18))
    expect([held(desk, 9), held(desk, STOCK)]).toEqual([0, 100])
  })

  it('on an index that is settled at the opening pays cash by the first price of its day, and stops trading the day before', () => {
    const desk = openDesk()
    desk.trade(INDEX, at('2024-03-14', 15), 5100)
    desk.quote(INDEX_CALL, at('2024-03-14', 15), 90)
    buy(desk, INDEX_CALL, 1)
    desk.trade(INDEX, at('2024-03-15', 9.51), 5123.4)
    desk.trade(INDEX, at('2024-03-15', 15), 5000)
    expect(held(desk, INDEX_CALL)).toBe(0)
    expect(cash(desk)).toBe(1_000_000 - 9000 + 12_340)
    const late = buy(desk, INDEX_CALL, 1)
    expect(desk.engine.orders[late - 1]?.status).toBe('rejected')
  })

  it('that is settled at the opening waits for it, also where it is exercised by hand or an old value comes first', () => {
    const desk = openDesk()
    desk.trade(INDEX, at('2024-03-14', 15), 5100)
    desk.quote(INDEX_CALL, at('2024-03-14', 15), 90)
    buy(desk, INDEX_CALL, 1)
    desk.trade(INDEX, at('2024-03-14', 15.5), 5100)
    expect(desk.context.orders.exercise(INDEX_CALL, 1)).toBeUndefined()
    desk.engine.advanceTo(at('2024-03-14', 20))
    expect(held(desk, INDEX_CALL)).toBe(1)
    const moment = { instrument: INDEX, seq: 9, tsUs: at('2024-03-15', 9.505), source: 'last' } as const
    desk.engine.record({ kind: 'trade', ...moment, price: 5100, marks: Mark.initial })
    desk.trade(INDEX, at('2024-03-15', 9.51), 5050)
    expect(held(desk, INDEX_CALL)).toBe(0)
    expect(cash(desk)).toBe(1_000_000 - 9000 + 5000)
  })

  it('that delivers something else since a merger is paid out at its own last mark, as what it delivers is not known', () => {
    const desk = openDesk()
    desk.engine.record(contractRecord(9, option({ tradingClass: 'XYZ1' }), 0))
    desk.quote(STOCK, at('2024-03-15', 10), 52)
    desk.quote(9, at('2024-03-15', 10), 7, 7.1)
    buy(desk, 9, 1)
    desk.quote(9, at('2024-03-15', 15), 7.2, 7.4)
    desk.engine.advanceTo(at('2024-03-15', 18))
    expect([held(desk, 9), held(desk, STOCK), cash(desk)]).toEqual([0, 0, 1_000_000 - 710 + 730])
    expect(desk.kinds()).toEqual(['warning', 'expiry'])
  })
})

describe('the price of the underlying at the close', () => {
  const settledBy = (trade: Partial<Trade>) => {
    const desk = lastMorning()
    buy(desk, CALL, 1)
    desk.trade(STOCK, at('2024-03-15', 15), 49)
    desk.engine.record({ kind: 'trade', instrument: STOCK, tsUs: at('2024-03-15', 15.9), seq: 99, price: 60, source: 'last', ...trade })
    desk.engine.advanceTo(at('2024-03-15', 18))
    return held(desk, STOCK)
  }

  it('is that of the last trade that sets one: not of an average price, and not of what was never reported', () => {
    expect(settledBy({})).toBe(100)
    expect(settledBy({ source: 'tick-by-tick', conditions: '@ W' })).toBe(0)
    expect(settledBy({ marks: Mark.unreported })).toBe(0)
  })

  it('is not the first value that a line gave, which was traded before, while a quote stands', () => {
    const desk = lastMorning()
    buy(desk, CALL, 1)
    desk.engine.record({
      kind: 'trade',
      instrument: STOCK,
      tsUs: at('2024-03-15', 11),
      seq: 9,
      price: 40,
      source: 'last',
      marks: Mark.initial,
    })
    desk.engine.advanceTo(at('2024-03-15', 18))
    expect(held(desk, STOCK)).toBe(100)
  })
})

describe('a dividend', () => {
  const paying = (side: 'buy' | 'sell') => {
    const desk = openDesk()
    desk.engine.action({ kind: 'dividend', instrument: STOCK, exDate: '2024-03-06', amount: 0.5 })
    desk.quote(STOCK, at('2024-03-05', 15), 50)
    ;(side === 'buy' ? buy : sell)(desk, STOCK, 100)
    desk.quote(STOCK, at('2024-03-05', 19), 50)
    expect(cash(desk)).toBe(1_000_000 - (side === 'buy' ? 5000 : -5000))
    desk.quote(STOCK, at('2024-03-06', 5), 49.5)
    return desk
  }

  it('is paid to who holds when the ex-date begins', () => {
    const desk = paying('buy')
    expect([cash(desk), fromUnits(desk.engine.portfolio.income.dividend)]).toEqual([995_050, 50])
  })

  it('is paid by who is short', () => {
    const desk = paying('sell')
    expect([cash(desk), fromUnits(desk.engine.portfolio.costs['dividend-owed'])]).toEqual([1_004_950, 50])
  })

  it('has short calls assigned the evening before, when it exceeds their time value', () => {
    const assigned = (callPrice: number) => {
      const desk = openDesk()
      desk.engine.action({ kind: 'dividend', instrument: STOCK, exDate: '2024-03-06', amount: 0.5 })
      desk.quote(STOCK, at('2024-03-05', 15), 60)
      desk.quote(CALL, at('2024-03-05', 15), callPrice)
      sell(desk, CALL, 1)
      desk.quote(STOCK, at('2024-03-06', 10), 59.5)
      return [held(desk, CALL), held(desk, STOCK), fromUnits(desk.engine.portfolio.costs['dividend-owed'])]
    }
    expect(assigned(10.4)).toEqual([0, -100, 50])
    expect(assigned(10.6)).toEqual([-1, 0, 0])
  })
})

describe('a dividend that the tape names', () => {
  const named = (desk: Desk, amount = 0.5) =>
    desk.engine.record({
      kind: 'carry',
      input: 'dividends',
      instrument: STOCK,
      payments: [{ exDate: '2024-03-06', amount }],
      tsUs: at('2024-03-05', 14),
      seq: 1,
      asOf: '2024-03-05',
      source: 'settings',
    })

  it('is paid as others are, and once where it was also given as an action', () => {
    const cashWith = (isGiven: boolean) => {
      const desk = openDesk()
      if (isGiven) desk.engine.action({ kind: 'dividend', instrument: STOCK, exDate: '2024-03-06', amount: 0.5 })
      named(desk)
      desk.quote(STOCK, at('2024-03-05', 15), 50)
      buy(desk, STOCK, 100)
      for (const date of ['2024-03-06', '2024-03-07', '2024-03-08']) desk.quote(STOCK, at(date, 10), 49.5)
      return cash(desk)
    }
    expect([cashWith(false), cashWith(true)]).toEqual([995_050, 995_050])
  })

  it('has short calls assigned the evening before', () => {
    const desk = openDesk()
    named(desk)
    desk.quote(STOCK, at('2024-03-05', 15), 60)
    desk.quote(CALL, at('2024-03-05', 15), 10.4)
    sell(desk, CALL, 1)
    desk.quote(STOCK, at('2024-03-06', 10), 59.5)
    expect([held(desk, CALL), held(desk, STOCK), fromUnits(desk.engine.portfolio.costs['dividend-owed'])]).toEqual([0, -100, 50])
  })
})

describe('a split', () => {
  it('multiplies shares and divides prices when its ex-date begins, of orders too', () => {
    const desk = openDesk()
    desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio: 4 })
    desk.quote(STOCK, at('2024-03-05', 15), 200)
    buy(desk, STOCK, 10)
    const limit = desk.context.orders.submit({ type: 'limit', side: 'sell', instrument: STOCK, quantity: 10, limit: 220 })
    desk.quote(STOCK, at('2024-03-06', 10), 51)
    expect(held(desk, STOCK)).toBe(40)
    expect(fromUnits(desk.engine.portfolio.equity)).toBe(1_000_040)
    expect(desk.context.orders.find(limit)).toMatchObject({ left: 40, request: { quantity: 40, limit: 55 } })
  })

  it('makes more options at a lower strike by a whole ratio, which go on under the number that the tape gives them', () => {
    const desk = openDesk()
    desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio: 2 })
    desk.quote(STOCK, at('2024-03-05', 15), 60)
    desk.quote(CALL, at('2024-03-05', 15), 11)
    buy(desk, CALL, 3)
    desk.quote(STOCK, at('2024-03-06', 10), 30)
    expect([held(desk, CALL), desk.engine.contract(CALL)]).toEqual([6, option({ strike: 25 })])
    desk.engine.record(contractRecord(9, option({ strike: 25 }), at('2024-03-06', 11)))
    expect([held(desk, CALL), held(desk, 9)]).toEqual([0, 6])
    expect(desk.events.at(-1)).toMatchObject({ kind: 'renumbered', instrument: CALL, to: 9 })
    desk.quote(9, at('2024-03-06', 12), 6)
    expect(fromUnits(desk.engine.portfolio.equity)).toBe(1_000_000 + 300)
    expect(desk.engine.portfolio.imbalance()).toBe(0)
  })

  it('happens once to an option whose new terms the tape knew before under another number', () => {
    const desk = openDesk()
    desk.engine.record(contractRecord(9, option({ strike: 25 }), at('2024-03-05', 14)))
    desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio: 2 })
    desk.quote(STOCK, at('2024-03-05', 15), 60)
    desk.quote(CALL, at('2024-03-05', 15), 11)
    buy(desk, CALL, 3)
    desk.quote(STOCK, at('2024-03-06', 10), 30)
    expect([held(desk, CALL), held(desk, 9), desk.engine.contract(9)]).toEqual([0, 6, option({ strike: 25 })])
  })

  it('by another ratio pays options out, as their deliverable is an adjusted one', () => {
    const desk = openDesk()
    desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio: 1.5 })
    desk.quote(STOCK, at('2024-03-05', 15), 60)
    desk.quote(CALL, at('2024-03-05', 15), 11)
    buy(desk, CALL, 1)
    desk.quote(STOCK, at('2024-03-06', 10), 40)
    expect([held(desk, CALL), cash(desk)]).toEqual([0, 1_000_000])
    expect(desk.kinds()).toEqual(['warning', 'expiry'])
  })
})

it('a delisting pays out what is held at the close of the last day, and nothing is traded any more', () => {
  const desk = openDesk()
  desk.engine.action({ kind: 'delisting', instrument: STOCK, lastDate: '2024-03-06', price: 7 })
  desk.day(STOCK, '2024-03-05', { close: 10 })
  buy(desk, STOCK, 100)
  desk.day(STOCK, '2024-03-06', { close: 8 })
  desk.engine.finish()
  // Bought at the open of the last day.
  expect([held(desk, STOCK), cash(desk)]).toEqual([0, 1_000_000 - 800 + 700])
  const late = buy(desk, STOCK, 1)
  expect(desk.engine.orders[late - 1]).toMatchObject({ status: 'rejected', reason: expect.stringContaining('delisted') as string })
})

it('nights cost interest on what is owed and a fee on what is short, each day of a weekend', () => {
  const desk = openDesk({ cash: 1000, models: { ...plainModels(), financing: fixed({ credit: 0, debit: 0.072, borrow: 0.036 }) } })
  desk.quote(STOCK, at('2024-03-08', 10), 100)
  desk.quote(CALL, at('2024-03-08', 10), 10)
  buy(desk, CALL, 5)
  desk.engine.advanceTo(at('2024-03-11', 10))
  // 4,000 owed at 7.2 % for three nights, the interest of a night being owed too.
  expect(fromUnits(desk.engine.portfolio.costs.interest)).toBeCloseTo(3 * 0.8, 3)
  const short = openDesk({ models: { ...plainModels(), financing: fixed({ credit: 0, debit: 0, borrow: 0.036 }) } })
  short.quote(STOCK, at('2024-03-08', 10), 100)
  sell(short, STOCK, 100)
  short.engine.advanceTo(at('2024-03-11', 10))
  expect(fromUnits(short.engine.portfolio.costs.borrow)).toBe(3)
  expect(short.engine.portfolio.imbalance()).toBe(0)
})
