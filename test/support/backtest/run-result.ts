/** Runs to store and to report on, made by hand: what they hold is known. */

import type { EquityPoint } from '../../../backtester/run/equity-points.ts'
import { type RunEvent, type RunResult, resultHash } from '../../../backtester/run/result.ts'
import type { Fill } from '../../../backtester/engine/strategy.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { seeded } from '../random.ts'

const HOUR_US = 3_600_000_000

type Given = Partial<Omit<RunResult, 'hash'>>

/** With its hash. */
export function runResult(given: Given = {}): RunResult {
  const result: Omit<RunResult, 'hash'> = {
    mode: 'backtest',
    status: 'complete',
    strategy: { name: 'sma-cross', version: '1', source: 'shipped' },
    params: { period: 15, quantity: 100 },
    settings: {
      cash: 100_000,
      currency: 'USD',
      seed: 7,
      models: {
        fill: { name: 'touch', params: {} },
        latency: { name: 'none', params: {} },
        slippage: { name: 'none', params: {} },
        fees: { name: 'ib-fixed', params: {} },
      },
    },
    dataset: {
      name: 'spring',
      kind: 'dataset',
      hash: 'd'.repeat(64),
      fromUs: Date.UTC(2014, 5, 2) * 1000,
      toUs: Date.UTC(2014, 5, 7) * 1000,
      symbols: ['TWX'],
      gaps: [],
      warnings: [],
    },
    codeVersion: '0.1.0',
    startedAt: '2026-11-22T18:00:00.000Z',
    durationMs: 1250,
    counts: { ticks: 1000, bars: 0 },
    instruments: [{ instrument: 1, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } }],
    orders: [],
    fills: [],
    equity: [],
    costs: { commission: 0, borrow: 0, interest: 0, 'dividend-owed': 0 },
    income: { interest: 0, dividend: 0 },
    events: [],
    ...given,
  }
  return { ...result, hash: resultHash(result) }
}

export const atNewYork = (date: string, hours: number) => nyse.zone.toUs(date, Math.round(hours * 3_600_000))

export function fill(given: Partial<Fill> & Pick<Fill, 'orderId' | 'side' | 'quantity' | 'price' | 'tsUs'>): Fill {
  return { instrument: 1, commission: 1, realised: 0, isTaker: true, ...given }
}

/** Buys and sells two stocks and an option for many days, with wins, losses, a gap in the data and a log. The same for the same seed. */
export function busyRun({
  seed = 1,
  days = 300,
  drift = 0.0004,
  ...given
}: { seed?: number; days?: number; drift?: number } & Given = {}): RunResult {
  const random = seeded(seed)
  const sessions = nyse.sessions('2014-01-02', '2017-12-29').slice(0, days)
  const instruments: RunResult['instruments'] = [
    { instrument: 1, contract: { kind: 'stock', symbol: 'TWX', currency: 'USD' } },
    { instrument: 2, contract: { kind: 'stock', symbol: 'IBM', currency: 'USD' } },
    {
      instrument: 3,
      contract: {
        kind: 'option',
        symbol: 'TWX',
        currency: 'USD',
        tradingClass: 'TWX',
        expiry: '2018-01-19',
        strike: 70,
        right: 'C',
        multiplier: 100,
      },
    },
  ]
  const prices = [70, 180, 4]
  const held = [0, 0, 0]
  const cents = (value: number) => Math.round(value * 100) / 100
  const [orders, fills, equity, events]: [RunResult['orders'][number][], Fill[], EquityPoint[], RunEvent[]] = [[], [], [], []]
  let [cash, paid] = [100_000, 0]
  for (const [day, { openUs }] of sessions.entries()) {
    for (let hour = 0; hour < 6; hour++) {
      const tsUs = openUs + hour * HOUR_US
      for (const [i, price] of prices.entries()) prices[i] = Math.max(0.05, cents(price * (1 + drift / 6 + (random() - 0.5) * 0.012)))
      const at = Math.floor(random() * 3)
      if (day > 2 && random() < 0.12) {
        const [price, quantity, multiplier] = [prices[at] ?? 1, at === 2 ? 5 : 100, at === 2 ? 100 : 1]
        const side = (held[at] ?? 0) > 0 ? 'sell' : 'buy'
        const signed = side === 'buy' ? quantity : -quantity
        held[at] = (held[at] ?? 0) + signed
        cash = cents(cash - signed * price * multiplier - 1)
        paid += 1
        const id = orders.length + 1
        orders.push({
          id,
          request: { type: 'market', instrument: at + 1, side, quantity },
          givenUs: tsUs - 1000,
          status: 'filled',
          filled: quantity,
          reason: undefined,
        })
        fills.push(fill({ orderId: id, instrument: at + 1, side, quantity, price, tsUs }))
      }
      const worth = cents(held.reduce((sum, quantity, i) => sum + quantity * (prices[i] ?? 0) * (i === 2 ? 100 : 1), 0))
      equity.push({ tsUs, cash, equity: cents(cash + worth), exposure: worth })
    }
    if (day % 50 === 0) events.push({ tsUs: openUs, kind: 'log', message: `day ${day} <of many>`, details: { day } })
  }
  const [first, last] = [sessions[0], sessions.at(-1)]
  return runResult({
    instruments,
    orders,
    fills,
    equity,
    events,
    costs: { commission: paid, borrow: 0, interest: 0, 'dividend-owed': 0 },
    dataset: {
      name: 'years',
      kind: 'dataset',
      hash: 'e'.repeat(64),
      fromUs: first?.openUs ?? 0,
      toUs: last?.closeUs ?? 0,
      symbols: ['IBM', 'TWX'],
      gaps: [{ fromTsUs: first?.openUs ?? 0, toTsUs: (first?.openUs ?? 0) + HOUR_US, cause: 'link' }],
      warnings: ['1 gap of 1 h in the range: quotes stand still there.'],
    },
    ...given,
  })
}
