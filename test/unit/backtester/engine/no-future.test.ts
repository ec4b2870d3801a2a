/** From the context of a strategy no way leads to the future, and none to anything that it could change. */

import { describe, expect, it } from 'vitest'

import { fixed as fixedLatency } from '../../../../backtester/engine/models/latency/latency.ts'
import type { StrategyContext } from '../../../../backtester/engine/strategy.ts'
import type { Bar } from '../../../../market/bar.ts'
import { at, CALL, type Desk, openDesk, plainModels, STOCK } from './engine-desk.ts'

const NOW_US = at('2024-03-05', 12)

/** Each method and value of the context, called as a strategy may. */
const QUESTIONS: Readonly<Record<string, (context: StrategyContext) => unknown>> = {
  'clock.nowUs': ({ clock }) => clock.nowUs,
  'clock.warmsUp': ({ clock }) => clock.warmsUp,
  'market.of': ({ market }) => {
    const state = market.of(STOCK)
    return [
      state?.instrument,
      state?.contract,
      state?.quote,
      state?.tickByTickQuote,
      state?.lastTrade,
      state?.tradeOf('import'),
      [...(state?.statistics ?? [])],
      state?.greeksOf('model'),
      state?.isDelayed,
      state?.isFrozen,
      state?.lastTickUs,
      state?.line(),
    ]
  },
  'market.contract': ({ market }) => market.contract(CALL),
  'market.instruments': ({ market }) => [...market.instruments()],
  'market.chain': ({ market }) => market.chain(STOCK),
  'market.expiries': ({ market }) => market.expiries(STOCK),
  'portfolio.cash': ({ portfolio }) => portfolio.cash,
  'portfolio.equity': ({ portfolio }) => portfolio.equity,
  'portfolio.quantity': ({ portfolio }) => portfolio.quantity(STOCK),
  'portfolio.positions': ({ portfolio }) => [...portfolio.positions()],
  'orders.submit': ({ orders }) => orders.submit({ type: 'limit', limit: 1, side: 'buy', instrument: STOCK, quantity: 1 }),
  'orders.submitCombo': ({ orders }) =>
    orders.submitCombo({
      legs: [
        { instrument: STOCK, side: 'buy', ratio: 100 },
        { instrument: CALL, side: 'sell', ratio: 1 },
      ],
      quantity: 1,
      limit: 1,
    }),
  'orders.cancel': ({ orders }) => orders.cancel(1),
  'orders.find': ({ orders }) => orders.find(1),
  'orders.open': ({ orders }) => [...orders.open()],
  'orders.exercise': ({ orders }) => orders.exercise(CALL, 1),
  'orders.lapse': ({ orders }) => orders.lapse(CALL),
  'timers.at': ({ timers }) => timers.at(NOW_US + 1, () => undefined),
  'timers.after': ({ timers }) => timers.after(1, () => undefined),
  indicators: ({ indicators }) => Object.keys(indicators),
  log: (context) => context.log('x'),
}

/** The names of all that a context offers. */
function offered(context: StrategyContext): string[] {
  return Object.entries(context).flatMap(([name, part]) =>
    name === 'indicators' || typeof part !== 'object' ? [name] : Object.keys(part).map((method) => `${name}.${method}`),
  )
}

/** A market up to now with a position and an order in it, and a future that is prepared: actions, a quote on its way, a bar on its way. */
function preparedFor(future: { price: number; ratio: number; amount: number }): Desk {
  const desk = openDesk({ models: { ...plainModels(), latency: fixedLatency({ feedMs: 60_000, orderMs: 1 }) } })
  const { price, ratio, amount } = future
  desk.engine.action({ kind: 'split', instrument: STOCK, exDate: '2024-03-06', ratio })
  desk.engine.action({ kind: 'dividend', instrument: STOCK, exDate: '2024-03-07', amount })
  desk.engine.action({ kind: 'delisting', instrument: STOCK, lastDate: '2024-03-08', price })
  desk.quote(STOCK, at('2024-03-05', 10), 50)
  desk.quote(CALL, at('2024-03-05', 10), 2)
  desk.trade(STOCK, at('2024-03-05', 10), 50)
  desk.engine.advanceTo(at('2024-03-05', 11))
  desk.context.orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 10 })
  desk.context.orders.submit({ type: 'market', side: 'buy', instrument: CALL, quantity: 1 })
  desk.engine.advanceTo(NOW_US - 30_000_000)
  desk.quote(STOCK, NOW_US - 30_000_000, price)
  desk.quote(CALL, NOW_US - 20_000_000, price / 10)
  desk.trade(STOCK, NOW_US - 10_000_000, price)
  desk.engine.advanceTo(NOW_US)
  return desk
}

describe('the context of a strategy', () => {
  it('is asked for everything that it offers', () => {
    expect(Object.keys(QUESTIONS).sort()).toEqual(offered(openDesk().context).sort())
  })

  it.each(Object.entries(QUESTIONS))('answers %s the same, whatever is to come', (_, ask) => {
    const [one, other] = [preparedFor({ price: 51, ratio: 2, amount: 1 }), preparedFor({ price: 90, ratio: 7, amount: 3 })]
    expect(ask(one.context)).toEqual(ask(other.context))
    // What is to come is not the same.
    one.engine.advanceTo(NOW_US + 100_000_000)
    other.engine.advanceTo(NOW_US + 100_000_000)
    expect(one.context.portfolio.equity).not.toBe(other.context.portfolio.equity)
  })

  it('hands out nothing that a strategy could change the market or the account with', () => {
    const desk = preparedFor({ price: 51, ratio: 2, amount: 1 })
    const { context } = desk
    const asked = () =>
      structuredClone(
        Object.values(QUESTIONS)
          .slice(0, 10)
          .map((ask) => ask(context)),
      )
    const before = asked()
    for (const ask of Object.values(QUESTIONS)) spoil(ask(context))
    spoil(context)
    expect(asked()).toEqual(before)
    expect(desk.engine.portfolio.imbalance()).toBe(0)
    expect(desk.engine.orders.map(({ filled }) => filled).slice(0, 2)).toEqual([10, 1])
  })

  it('hands copies to the handlers too, and bars, which it needs no more', () => {
    const desk = openDesk({
      handlers: () => ({ onQuote: spoil, onTrade: spoil, onBar: spoil, onFill: spoil, onAction: spoil, onAccount: spoil }),
    })
    const quote = { kind: 'quote' as const, instrument: STOCK, tsUs: at('2024-03-05', 10), seq: 1, bidPrice: 50, askPrice: 50 }
    const bar: Bar = { startUs: at('2024-03-06', 0), open: 50, high: 50, low: 50, close: 50, volume: 1, vwap: undefined, trades: 1 }
    const action = { kind: 'dividend' as const, instrument: STOCK, exDate: '2024-03-06', amount: 1 }
    const given = structuredClone([quote, action])
    desk.engine.action(action)
    desk.engine.record(quote)
    desk.context.orders.submit({ type: 'market', side: 'buy', instrument: STOCK, quantity: 1 })
    desk.engine.bar(STOCK, bar, at('2024-03-07', 0))
    desk.engine.finish()
    expect([quote, action]).toEqual(given)
    expect(desk.fills).toMatchObject([{ price: 50, quantity: 1 }])
    expect(desk.events).toMatchObject([{ kind: 'dividend', perShare: 1, amount: 1 }])
  })
})

/** Sets every figure in it to another one, as far as it lets itself be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === 'object') spoil(part)
    else if (!Object.isFrozen(value)) Reflect.set(value, name, 0)
  }
}
