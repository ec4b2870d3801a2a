/** Orders at the venue: times in force, the opening and the close, brackets, combos, and what is no order. */

import { describe, expect, it } from 'vitest'

import type { OrderRequest } from '../../../../backtester/engine/orders.ts'
import { StrategyError } from '../../../../backtester/engine/strategy-error.ts'
import { type Contract, contractKey } from '../../../../market/contract.ts'
import { contractRecord } from '../../../../backtester/engine/engine.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import { at, CALL, type Desk, INDEX, openDesk, option, PUT, STOCK } from './engine-desk.ts'

const day = '2024-03-05'
const give = (desk: Desk, request: Partial<OrderRequest> & Pick<OrderRequest, 'type'>) =>
  desk.context.orders.submit({ side: 'buy', instrument: STOCK, quantity: 10, ...request } as OrderRequest)
const statuses = (desk: Desk) => desk.engine.orders.map(({ status }) => status)

describe('an order', () => {
  it('of a day expires with the close, and one until cancelled goes on', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    give(desk, { type: 'limit', limit: 40, timeInForce: 'day' })
    give(desk, { type: 'limit', limit: 40 })
    desk.engine.advanceTo(at(day, 17))
    expect(statuses(desk)).toEqual(['expired', 'working'])
  })

  it('given on the last bar of a day is for the next one', () => {
    const desk = openDesk({
      handlers: ({ orders }) => ({
        onBar: () => void orders.submit({ type: 'limit', limit: 9, side: 'buy', instrument: STOCK, quantity: 1, timeInForce: 'day' }),
      }),
    })
    desk.day(STOCK, '2024-03-05', { close: 10 })
    desk.day(STOCK, '2024-03-06', { close: 10, low: 8 })
    desk.engine.finish()
    expect(desk.fills.map(({ price }) => price)).toEqual([9])
    expect(statuses(desk)).toEqual(['filled', 'working'])
  })

  it('for its arrival alone takes what there is, or only the whole', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    give(desk, { type: 'limit', limit: 50, quantity: 130, timeInForce: 'ioc' })
    give(desk, { type: 'limit', limit: 50, quantity: 130, timeInForce: 'fok' })
    give(desk, { type: 'limit', limit: 49, timeInForce: 'ioc' })
    desk.quote(STOCK, at(day, 11), 50)
    expect(desk.fills.map(({ quantity }) => quantity)).toEqual([100])
    expect(statuses(desk)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })

  it('with a stop and a limit rests at its limit once triggered, and is then met at that price as a limit order is', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    give(desk, { type: 'stop-limit', stop: 52, limit: 52.5 })
    give(desk, { type: 'stop-limit', stop: 52, limit: 53.5 })
    desk.quote(STOCK, at(day, 11), 53)
    desk.quote(STOCK, at(day, 12), 49)
    expect(desk.fills.map(({ orderId, price, isTaker }) => ({ orderId, price, isTaker }))).toEqual([
      { orderId: 2, price: 53, isTaker: true },
      { orderId: 1, price: 52.5, isTaker: false },
    ])
  })

  it('takes shares where a session counts the sizes of a stock in lots, each session by its own unit', () => {
    const desk = openDesk()
    const moment = { seq: 1, tsUs: at(day, 10) }
    const contract: Contract = { kind: 'stock', symbol: 'XYZ', currency: 'USD' }
    const lots = { groups: { quotes: { unit: 'lots', how: 'inferred' } }, lots: { [contractKey(contract)]: 100 } } as const
    for (const sessionId of [1, 2]) desk.engine.record({ kind: 'contract', instrument: STOCK, contract, ...moment }, sessionId)
    desk.engine.record({ kind: 'session', event: 'sizes', sizes: lots, ...moment }, 1)
    const takeOf = (sessionId: number, askPrice: number) => {
      desk.engine.record({ kind: 'quote', instrument: STOCK, ...moment, askPrice, askSize: 3 }, sessionId)
      give(desk, { type: 'market', quantity: 500, timeInForce: 'ioc' })
      desk.engine.advanceTo(moment.tsUs)
    }
    takeOf(1, 50)
    takeOf(2, 51)
    expect(desk.fills.map(({ quantity, price }) => [quantity, price])).toEqual([
      [300, 50],
      [3, 51],
    ])
  })

  it('on the opening takes the first quote of the session, not one before it', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 8), 50)
    give(desk, { type: 'on-open' })
    desk.quote(STOCK, at(day, 9), 51)
    desk.quote(STOCK, at(day, 9.5), 52)
    expect(desk.fills.map(({ price }) => price)).toEqual([52])
  })

  it('on the close takes the quote that stands then', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    give(desk, { type: 'on-close' })
    desk.quote(STOCK, at(day, 15.99), 53)
    desk.quote(STOCK, at(day, 16.01), 54)
    expect(desk.fills).toMatchObject([{ price: 53, tsUs: at(day, 16) }])
  })

  it('on the close is cancelled there where no quote stands, whether there was one before or not', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    give(desk, { type: 'on-close', instrument: CALL })
    give(desk, { type: 'on-close' })
    desk.engine.record({ kind: 'gap', tsUs: at(day, 15), seq: 1, fromTsUs: at(day, 11), toTsUs: at(day, 15), cause: 'connection' })
    desk.quote(PUT, at(day, 16), 50)
    expect(desk.engine.orders.map(({ status, reason }) => [status, reason])).toEqual([
      ['cancelled', 'not filled at the close'],
      ['cancelled', 'not filled at the close'],
    ])
  })

  it('waits behind a bar without volume, as nobody traded at its prices, once the instrument has had some', () => {
    const desk = openDesk()
    for (const type of ['market', 'on-open', 'on-close'] as const) give(desk, { type })
    give(desk, { type: 'limit', limit: 60 })
    give(desk, { type: 'stop', stop: 40, timeInForce: 'ioc' })
    const volumeOf = (instrument: number, date: string, volume: number) => {
      const price = 50 + Number(date.slice(-1))
      desk.day(instrument, date, { open: price - 1, close: price, volume, trades: volume })
    }
    // Before its first volume it may be a bar of a price, such as the middle of quotes.
    volumeOf(STOCK, '2024-03-04', 0)
    expect(desk.fills).toHaveLength(5)
    volumeOf(STOCK, '2024-03-05', 7)
    const given = desk.fills.length
    for (const type of ['market', 'on-open', 'on-close'] as const) give(desk, { type })
    give(desk, { type: 'limit', limit: 60 })
    give(desk, { type: 'stop', stop: 40, timeInForce: 'ioc' })
    give(desk, { type: 'market', instrument: PUT })
    volumeOf(STOCK, '2024-03-06', 0)
    volumeOf(PUT, '2024-03-06', 0)
    expect(desk.fills.slice(given)).toMatchObject([{ instrument: PUT, price: 55 }])
    volumeOf(STOCK, '2024-03-07', 1)
    expect(desk.fills.slice(given + 1).map(({ price }) => price)).toEqual([56, 56, 56, 57, 56])
  })

  it('on the opening and on the close of bars takes those of the day behind the one that it was given on', () => {
    const desk = openDesk()
    desk.day(STOCK, '2024-03-05', { open: 1, close: 2 })
    give(desk, { type: 'on-open' })
    give(desk, { type: 'on-close' })
    desk.day(STOCK, '2024-03-06', { open: 3, close: 4 })
    expect(desk.fills.map(({ price }) => price)).toEqual([3, 4])
  })

  it('with a profit and a stop behind it is a bracket: one of the two is filled, and the other one cancelled', () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 50)
    const entry = give(desk, { type: 'market' })
    give(desk, { type: 'limit', side: 'sell', limit: 55, after: entry, oneCancelsOther: 'exit' })
    give(desk, { type: 'stop', side: 'sell', stop: 45, after: entry, oneCancelsOther: 'exit' })
    desk.quote(STOCK, at(day, 11), 44)
    expect(statuses(desk)).toEqual(['filled', 'cancelled', 'filled'])
    expect(desk.fills.map(({ price }) => price)).toEqual([50, 44])
  })
})

describe('a contract whose multiplier changes under its number', () => {
  const renamed = (desk: Desk) => desk.engine.record(contractRecord(CALL, option({ multiplier: 10 }), at(day, 11)))

  it('ends the run by name while it is held, and is no fault of the strategy', () => {
    const desk = openDesk()
    desk.quote(CALL, at(day, 10), 2)
    give(desk, { type: 'market', instrument: CALL, quantity: 1 })
    desk.engine.advanceTo(at(day, 10))
    expect(() => renamed(desk)).toThrow(/Instrument 3 is held with the multiplier 100, and the tape now names .* with 10/)
  })

  it('is traded with the new one where it is not', () => {
    const desk = openDesk()
    desk.quote(CALL, at(day, 10), 2)
    renamed(desk)
    give(desk, { type: 'market', instrument: CALL, quantity: 1 })
    desk.engine.advanceTo(at(day, 11))
    expect(fromUnits(desk.engine.portfolio.cash)).toBe(1_000_000 - 20)
  })
})

describe('a combo', () => {
  const legs = [
    { instrument: STOCK, side: 'buy', ratio: 100 },
    { instrument: PUT, side: 'buy', ratio: 1 },
    { instrument: CALL, side: 'sell', ratio: 1 },
  ] as const
  const market = () => {
    const desk = openDesk()
    desk.quote(STOCK, at(day, 10), 49.9, 50, { askSize: 250 })
    desk.quote(PUT, at(day, 10), 1.9, 2)
    desk.quote(CALL, at(day, 10), 2.5, 2.6)
    return desk
  }

  it('trades all its legs at once, as often as the smallest size allows, within the limit of the whole', () => {
    const desk = market()
    desk.context.orders.submitCombo({ legs, quantity: 5, limit: 4950 })
    desk.quote(CALL, at(day, 11), 2.5, 2.6)
    expect(desk.fills.map(({ instrument, quantity, price }) => [instrument, quantity, price])).toEqual([
      [STOCK, 200, 50],
      [PUT, 2, 2],
      [CALL, 2, 2.5],
    ])
    expect(statuses(desk)).toEqual(['working', 'working', 'working'])
  })

  it('trades nothing while the whole costs more than its limit, and then everything', () => {
    const desk = market()
    desk.context.orders.submitCombo({ legs, quantity: 1, limit: 4949.99 })
    desk.engine.advanceTo(at(day, 10.5))
    expect(desk.fills).toEqual([])
    desk.quote(CALL, at(day, 11), 2.6, 2.7)
    expect(statuses(desk)).toEqual(['filled', 'filled', 'filled'])
  })

  it('that is to trade at once or never ends whole, and a leg that is cancelled cancels the others', () => {
    const desk = market()
    desk.context.orders.submitCombo({ legs, quantity: 3, limit: 4950, timeInForce: 'fok' })
    const [first = 0] = desk.context.orders.submitCombo({ legs, quantity: 1, limit: 4000 })
    desk.engine.advanceTo(at(day, 11))
    expect(desk.context.orders.cancel(first)).toBe(true)
    expect([desk.fills, new Set(statuses(desk))]).toEqual([[], new Set(['cancelled'])])
  })

  it('given leg by leg has leg risk: one is filled and the other one is not', () => {
    const desk = market()
    give(desk, { type: 'limit', instrument: PUT, limit: 2, quantity: 1, timeInForce: 'ioc' })
    give(desk, { type: 'limit', instrument: CALL, side: 'sell', limit: 2.55, quantity: 1, timeInForce: 'ioc' })
    desk.engine.advanceTo(at(day, 11))
    expect(statuses(desk)).toEqual(['filled', 'cancelled'])
  })
})

describe('what is no order ends the run', () => {
  it.each<[string, Partial<OrderRequest>, string]>([
    ['a quantity that is no number', { type: 'market', quantity: Number.NaN }, 'strategy-order'],
    ['a part of a share', { type: 'market', quantity: 0.5 }, 'strategy-order'],
    ['a limit that is no number', { type: 'limit', limit: Number.NaN }, 'strategy-order'],
    ['an instrument that is not known', { type: 'market', instrument: 99 }, 'strategy-contract'],
  ])('%s', (_, request, code) => {
    const desk = openDesk({
      handlers: ({ orders }) => ({
        onQuote: () => {
          try {
            orders.submit({ side: 'buy', instrument: STOCK, quantity: 1, ...request } as OrderRequest)
          } catch {
            // A strategy that goes on regardless.
          }
        },
      }),
    })
    expect(() => desk.quote(STOCK, at(day, 10), 50)).toThrow(expect.objectContaining({ name: 'StrategyError', code }) as StrategyError)
  })

  it('while one that nobody could trade is rejected', () => {
    const desk = openDesk()
    give(desk, { type: 'market', quantity: 0 })
    give(desk, { type: 'market', instrument: INDEX })
    expect(statuses(desk)).toEqual(['rejected', 'rejected'])
  })
})

describe('a strategy at fault', () => {
  it('that throws ends the run with what it threw and when', () => {
    const desk = openDesk({
      handlers: () => ({
        onQuote: () => {
          throw new Error('no such luck')
        },
      }),
    })
    const wanted = { code: 'strategy-threw', message: 'the strategy threw: no such luck', tsUs: at(day, 10) }
    expect(() => desk.quote(STOCK, at(day, 10), 50)).toThrow(expect.objectContaining(wanted) as StrategyError)
  })

  it('that plans without end within one moment is stopped', () => {
    const desk = openDesk({
      handlers: ({ timers }) => {
        const again = () => timers.after(0, again)
        return { onQuote: again }
      },
    })
    expect(() => desk.quote(STOCK, at(day, 10), 50)).toThrow(expect.objectContaining({ code: 'strategy-loop' }) as StrategyError)
  })
})

it('timers, sessions and chains reach the strategy', () => {
  const seen: string[] = []
  const desk = openDesk({
    handlers: ({ timers, market }) => {
      timers.at(at(day, 11), 'eleven')
      return {
        onTimer: (name) => seen.push(name),
        onSession: (event, date) => seen.push(`${event} ${date}`),
        onChain: (underlying, expiry) =>
          seen.push(
            `chain ${underlying} ${expiry}: ${market
              .chain(underlying, expiry)
              .map(({ bidPrice }) => bidPrice)
              .join()}`,
          ),
      }
    },
  })
  desk.quote(STOCK, at(day, 9), 50)
  desk.quote(CALL, at(day, 10), 2)
  desk.engine.advanceTo(at(day, 16))
  expect(desk.context.market.expiries(STOCK)).toEqual(['2024-03-15'])
  expect(seen).toEqual(['chain 1 undefined: ,', `open ${day}`, 'chain 1 2024-03-15: 2,', 'eleven', `close ${day}`])
})

describe('a combo on bars', () => {
  const OTHER = 9
  const bars = () => {
    const desk = openDesk()
    desk.engine.record(contractRecord(OTHER, { kind: 'stock', symbol: 'ABC', currency: 'USD' }, 0))
    desk.day(STOCK, '2024-03-04', { close: 50 })
    desk.day(OTHER, '2024-03-04', { close: 30 })
    return desk
  }
  const buyAndSell = (desk: Desk, limit: number, timeInForce: 'gtc' | 'ioc' = 'gtc') =>
    desk.context.orders.submitCombo({
      legs: [
        { instrument: STOCK, side: 'buy', ratio: 2 },
        { instrument: OTHER, side: 'sell', ratio: 3 },
      ],
      quantity: 10,
      limit,
      timeInForce,
    })
  const fills = (desk: Desk) => desk.fills.map(({ instrument, quantity, price }) => [instrument, quantity, price])

  it('trades at the opens of the bars behind it, and is worth what they close at', () => {
    const desk = bars()
    buyAndSell(desk, 13)
    desk.days('2024-03-05', [
      [STOCK, { open: 51, close: 60 }],
      [OTHER, { open: 30, close: 31 }],
    ])
    expect(fills(desk)).toEqual([
      [STOCK, 20, 51],
      [OTHER, 30, 30],
    ])
    // 20 * (60 - 51) less 30 * (31 - 30).
    expect(fromUnits(desk.engine.portfolio.equity)).toBe(1_000_000 + 180 - 30)
    expect(desk.engine.portfolio.imbalance()).toBe(0)
  })

  it('trades at the closes where the opens cost more than its limit, and not at prices that may not have stood together', () => {
    const desk = bars()
    buyAndSell(desk, 8)
    // The lowest of one and the highest of the other would be enough: 2 * 40 - 3 * 40.
    desk.day(STOCK, '2024-03-05', { open: 50, close: 50, low: 40 })
    desk.day(OTHER, '2024-03-05', { open: 30, close: 30, high: 40 })
    expect(desk.fills).toEqual([])
    desk.day(STOCK, '2024-03-06', { open: 50, close: 49 })
    desk.day(OTHER, '2024-03-06', { open: 30, close: 30 })
    expect(fills(desk)).toEqual([
      [STOCK, 20, 49],
      [OTHER, 30, 30],
    ])
  })

  it('waits while a leg has no bar of the day', () => {
    const desk = bars()
    buyAndSell(desk, 100)
    desk.day(STOCK, '2024-03-05', { close: 50 })
    desk.day(OTHER, '2024-03-06', { close: 30 })
    expect(desk.fills).toEqual([])
    desk.day(STOCK, '2024-03-06', { close: 50 })
    expect(desk.fills).toHaveLength(2)
  })

  it('for its arrival alone has its chance in the first bars of all legs', () => {
    const desk = bars()
    buyAndSell(desk, 9, 'ioc')
    desk.engine.advanceTo(at('2024-03-04', 17))
    expect(statuses(desk)).toEqual(['working', 'working'])
    for (const date of ['2024-03-05', '2024-03-06']) {
      desk.day(STOCK, date, { close: 50 })
      desk.day(OTHER, date, { close: 30 })
    }
    expect(statuses(desk)).toEqual(['cancelled', 'cancelled'])
    expect(desk.fills).toEqual([])
  })
})
