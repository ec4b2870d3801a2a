/** An engine to test with: a stock, an index and options on both, a strategy that is told what to do, and all that comes of it. */

import { contractRecord, Engine, type EngineOptions } from '../../../../backtester/engine/engine.ts'
import type { AccountEvent } from '../../../../backtester/engine/events.ts'
import { none as noFees } from '../../../../backtester/engine/models/fees/fees.ts'
import { touch } from '../../../../backtester/engine/models/fill/touch.ts'
import { none as noLatency } from '../../../../backtester/engine/models/latency/latency.ts'
import { none as noSlippage } from '../../../../backtester/engine/models/slippage/slippage.ts'
import type { Fill, StrategyContext, StrategyHandlers } from '../../../../backtester/engine/strategy.ts'
import type { Bar } from '../../../../market/bar.ts'
import { nyse } from '../../../../market/calendar/calendar.ts'
import type { OptionContract } from '../../../../market/contract.ts'
import type { Quote } from '../../../../market/tick.ts'

export const STOCK = 1
export const INDEX = 2
export const CALL = 3
export const PUT = 4
export const INDEX_CALL = 5

const HOUR_MS = 3_600_000

export const option = (more: Partial<OptionContract> = {}): OptionContract => ({
  kind: 'option',
  symbol: 'XYZ',
  currency: 'USD',
  expiry: '2024-03-15',
  strike: 50,
  right: 'C',
  multiplier: 100,
  tradingClass: 'XYZ',
  ...more,
})

/** Microseconds of a time in New York: `at('2024-03-15', 9.5)`. */
export const at = (date: string, hours: number) => nyse.zone.toUs(date, Math.round(hours * HOUR_MS))

export const plainModels = (): EngineOptions['models'] => ({ fill: touch(), latency: noLatency(), slippage: noSlippage(), fees: noFees() })

type Prices = Partial<Bar> & { close: number }

export interface Desk {
  engine: Engine
  context: StrategyContext
  fills: Fill[]
  events: AccountEvent[]
  /** A quote of 100 units on either side. */
  quote: (instrument: number, tsUs: number, bidPrice: number, askPrice?: number, more?: Partial<Quote>) => void
  trade: (instrument: number, tsUs: number, price: number) => void
  /** A bar of a day. */
  day: (instrument: number, date: string, prices: Prices) => void
  /** Bars of one day of several instruments, each with its number. */
  days: (date: string, prices: readonly (readonly [number, Prices])[]) => void
  kinds: () => string[]
}

export type MakeEngine = (options: EngineOptions) => Engine

export interface DeskOptions extends Partial<EngineOptions> {
  handlers?: (context: StrategyContext) => StrategyHandlers
  make?: MakeEngine
}

export function openDesk(options: DeskOptions = {}): Desk {
  const { handlers, make = (given) => new Engine(given), ...rest } = options
  const fills: Fill[] = []
  const events: AccountEvent[] = []
  let context: StrategyContext | undefined
  const engine = make({
    cash: 1_000_000,
    models: plainModels(),
    create: (given) => {
      context = given
      return handlers?.(given) ?? {}
    },
    dateOf: (tsUs) => nyse.zone.dateOf(tsUs),
    calendar: nyse,
    onFill: (fill) => fills.push(fill),
    onEvent: (event) => events.push(event),
    ...rest,
  })
  if (!context) throw new Error('expected a context')
  engine.record(contractRecord(STOCK, { kind: 'stock', symbol: 'XYZ', currency: 'USD' }, 0))
  engine.record(contractRecord(INDEX, { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }, 0))
  engine.record(contractRecord(CALL, option(), 0))
  engine.record(contractRecord(PUT, option({ right: 'P' }), 0))
  engine.record(contractRecord(INDEX_CALL, option({ symbol: 'SPX', tradingClass: 'SPX', strike: 5000 }), 0))
  let seq = 0
  return {
    engine,
    context,
    fills,
    events,
    quote: (instrument, tsUs, bidPrice, askPrice = bidPrice, more = {}) =>
      engine.record({ kind: 'quote', instrument, tsUs, seq: ++seq, bidPrice, askPrice, bidSize: 100, askSize: 100, ...more }),
    trade: (instrument, tsUs, price) => engine.record({ kind: 'trade', instrument, tsUs, seq: ++seq, price, size: 1, source: 'import' }),
    day: (instrument, date, prices) => engine.bar(instrument, dayBar(date, prices), at(date, 24)),
    days: (date, prices) =>
      engine.bars(
        prices.map(([instrument, one]) => ({ instrument, bar: dayBar(date, one) })),
        at(date, 24),
      ),
    kinds: () => events.map(({ kind }) => kind),
  }
}

function dayBar(date: string, { open, high, low, close, ...more }: Prices): Bar {
  return {
    startUs: at(date, 0),
    open: open ?? close,
    high: high ?? Math.max(open ?? close, close),
    low: low ?? Math.min(open ?? close, close),
    close,
    volume: 1,
    vwap: undefined,
    trades: 1,
    ...more,
  }
}
