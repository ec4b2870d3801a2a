/** The files that `tapedeck strategy new` writes: a strategy that works, and its test. They need nothing but Node. */

export function skeleton(name: string): { strategy: string; test: string } {
  return { strategy: strategyText(name), test: testText(name) }
}

const strategyText = (name: string) => `/**
 * Buys after some rising closes in a row, and sells after the first one that falls.
 *
 *   tapedeck backtest --strategy ./${name}.mjs --dataset NAME --param rises=4
 */

export default {
  name: '${name}',
  // Stored with each run: give another one when the behaviour changes.
  version: '1',
  // What it accepts, by zod, which it is given.
  params: (z) =>
    z.strictObject({
      rises: z.int().min(1).default(3).describe('Rising closes in a row before it buys.'),
      quantity: z.int().min(1).default(100).describe('Units to hold.'),
      everySeconds: z.int().min(1).default(60).describe('Of quotes: seconds between two prices.'),
    }),

  create(context, { rises, quantity, everySeconds }) {
    const known = new Map()

    // The only time is that of the data: context.clock.nowUs, in microseconds.
    function take(instrument, price) {
      const { last, count = 0 } = known.get(instrument) ?? {}
      const now = { ...known.get(instrument), last: price, count: last !== undefined && price > last ? count + 1 : 0 }
      known.set(instrument, now)
      const held = context.portfolio.quantity(instrument)
      if (held === 0 && now.count === rises) {
        context.log('rose', { instrument, price })
        context.orders.submit({ type: 'market', side: 'buy', instrument, quantity })
      } else if (held > 0 && last !== undefined && price < last)
        context.orders.submit({ type: 'market', side: 'sell', instrument, quantity: held })
    }

    return {
      onBar: (bar, instrument) => take(instrument, bar.close),
      onQuote({ instrument, bidPrice, askPrice, tsUs }) {
        if (bidPrice === undefined || askPrice === undefined) return
        if (context.market.contract(instrument)?.kind !== 'stock') return
        const step = Math.floor(tsUs / (everySeconds * 1_000_000))
        if (known.get(instrument)?.step === step) return
        take(instrument, (bidPrice + askPrice) / 2)
        known.set(instrument, { ...known.get(instrument), step })
      },
    }
  },
}
`

const testText = (name: string) => `/** Run it with: node --test ${name}.test.mjs */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import strategy from './${name}.mjs'

/** An account that trades every order at once. */
function start(params) {
  const orders = []
  let held = 0
  const context = {
    clock: { nowUs: 0 },
    market: { contract: () => ({ kind: 'stock' }) },
    portfolio: { quantity: () => held },
    orders: {
      submit(order) {
        held += order.side === 'buy' ? order.quantity : -order.quantity
        return orders.push(order)
      },
    },
    log() {},
  }
  return { orders, handlers: strategy.create(context, params) }
}

test('buys behind the rising closes that it waits for, and sells behind the first that falls', () => {
  const { orders, handlers } = start({ rises: 2, quantity: 10, everySeconds: 60 })
  for (const close of [10, 11, 12, 13, 12.5, 12]) handlers.onBar({ close }, 1)
  assert.deepEqual(
    orders.map(({ side, quantity }) => [side, quantity]),
    [
      ['buy', 10],
      ['sell', 10],
    ],
  )
})

test('does nothing while closes fall', () => {
  const { orders, handlers } = start({ rises: 2, quantity: 10, everySeconds: 60 })
  for (const close of [13, 12, 11, 10]) handlers.onBar({ close }, 1)
  assert.equal(orders.length, 0)
})
`
