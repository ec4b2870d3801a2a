/** The engine against a list of orders that another engine made of the same bars. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { contractRecord, Engine } from '../../../../backtester/engine/engine.ts'
import { none as noFees } from '../../../../backtester/engine/models/fees/fees.ts'
import { barNextOpen } from '../../../../backtester/engine/models/fill/bar-next-open.ts'
import { touch } from '../../../../backtester/engine/models/fill/touch.ts'
import { none as noLatency } from '../../../../backtester/engine/models/latency/latency.ts'
import { none as noSlippage } from '../../../../backtester/engine/models/slippage/slippage.ts'
import { fromUnits } from '../../../../backtester/engine/money.ts'
import type { Fill } from '../../../../backtester/engine/strategy.ts'
import { smaCross } from '../../../../backtester/strategies/sma-cross.ts'
import { hasSharedData, SHARED_DATA, withSharedData } from '../../../support/data.ts'

const FOLDER = join(SHARED_DATA, 'sma-cross-2006')
const US_PER_DAY = 86_400_000_000

it.skipIf(!hasSharedData).each([touch(), barNextOpen()])(
  `the cross of a mean of 15 closes in 2006 gives its orders, its cash and its value to the cent, with fills by $name${withSharedData}`,
  (fill) => {
    const { sma15_cross: wanted } = JSON.parse(readFileSync(join(FOLDER, 'EXPECTED.json'), 'utf8')) as {
      sma15_cross: Record<'buy_signal_close' | 'buy_fill' | 'sell_signal_close' | 'sell_fill', string[]> &
        Record<'final_cash' | 'final_value', number>
    }
    const fills: Fill[] = []
    const engine = new Engine({
      cash: 10_000,
      models: { fill, latency: noLatency(), slippage: noSlippage(), fees: noFees() },
      create: (context) => smaCross.create(context, smaCross.params.parse({ period: 15 })),
      dateOf: (tsUs) => new Date(tsUs / 1000).toISOString().slice(0, 10),
      onFill: (one) => fills.push(one),
    })
    const signals = new Map<number, string>()
    engine.record(contractRecord(1, { kind: 'stock', symbol: 'SX5E', currency: 'EUR' }, 0))
    const [, ...lines] = readFileSync(join(FOLDER, '2006-day-001.csv'), 'utf8').trim().split('\n')
    for (const line of lines) {
      const [date = '', ...figures] = line.split(',')
      const [open = 0, high = 0, low = 0, close = 0, volume = 0] = figures.map(Number)
      const startUs = Date.parse(`${date}T00:00:00Z`) * 1000
      const before = engine.orders.length
      engine.bar(1, { startUs, open, high, low, close, volume, vwap: undefined, trades: 0 }, startUs + US_PER_DAY - 1)
      if (engine.orders.length > before) signals.set(engine.orders.length, close.toFixed(2))
    }
    const of = (side: 'buy' | 'sell') => fills.filter((one) => one.side === side)
    expect(lines).toHaveLength(255)
    expect(of('buy').map(({ price }) => price.toFixed(2))).toEqual(wanted.buy_fill)
    expect(of('sell').map(({ price }) => price.toFixed(2))).toEqual(wanted.sell_fill)
    expect(of('buy').map(({ orderId }) => signals.get(orderId))).toEqual(wanted.buy_signal_close)
    expect(of('sell').map(({ orderId }) => signals.get(orderId))).toEqual(wanted.sell_signal_close)
    expect(fromUnits(engine.portfolio.cash)).toBe(wanted.final_cash)
    expect(fromUnits(engine.portfolio.equity)).toBe(wanted.final_value)
    expect(engine.portfolio.imbalance()).toBe(0)
  },
)
