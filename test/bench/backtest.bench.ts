/**
 * A backtest with a strategy that looks at every quote, on one core: the quotes of an option chain through the engine, all of its accounting on and
 * an order every so often. The limit is the same quotes taken into a MarketState and nothing else. Times are of the processor, so that other work on
 * the machine counts less.
 */

import { contractRecord, Engine } from '../../backtester/engine/engine.ts'
import { ibFixed } from '../../backtester/engine/models/fees/ib.ts'
import { touch } from '../../backtester/engine/models/fill/touch.ts'
import { none as noLatency } from '../../backtester/engine/models/latency/latency.ts'
import { none as noSlippage } from '../../backtester/engine/models/slippage/slippage.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Quote, TapeRecord } from '../../market/tick.ts'
import { measure } from './harness.ts'
import { contractOf, INSTRUMENTS, quotes } from './quotes.ts'

const QUOTES = 1_000_000
const SPACING_US = 700
/** A fill for each so many quotes. */
const ORDER_EVERY = 10_000

let stream: readonly Quote[] = []
const preamble: readonly TapeRecord[] = Array.from({ length: INSTRUMENTS }, (_, i) => contractRecord(i, contractOf(i), 1))

measure({
  title: 'backtest of a strategy that looks at every quote of an option chain',
  unit: 'quotes/s',
  limit: 'the same quotes into MarketState',
  round: async () => {
    if (stream.length === 0) {
      stream = [...quotes(QUOTES, SPACING_US)]
      // Once unmeasured, so that every round finds both compiled.
      ours()
      stateAlone()
    }
    return { ours: ours(), limit: stateAlone() }
  },
})

/** Quotes a second. */
function ours(): number {
  let seen = 0
  const engine = new Engine({
    cash: 10_000_000,
    models: { fill: touch(), latency: noLatency(), slippage: noSlippage(), fees: ibFixed() },
    create: ({ orders }) => ({
      onQuote({ instrument, bidPrice = 0 }) {
        if (bidPrice > 0 && ++seen % ORDER_EVERY === 0) orders.submit({ type: 'market', side: 'buy', instrument, quantity: 1 })
      },
    }),
    dateOf: (tsUs) => nyse.zone.dateOf(tsUs),
    calendar: nyse,
  })
  const perSecond = timed((record) => engine.record(record))
  engine.finish()
  if (engine.portfolio.imbalance() !== 0 || engine.orders.length < seen / ORDER_EVERY - 1)
    throw new Error('expected a run that trades and balances')
  return perSecond
}

function stateAlone(): number {
  const state = new MarketState()
  return timed((record) => state.apply(record))
}

function timed(take: (record: TapeRecord) => void): number {
  for (const record of preamble) take(record)
  const startedUs = processorUs()
  for (let i = 0; i < stream.length; i++) take(stream[i] as Quote)
  return (stream.length / (processorUs() - startedUs)) * 1e6
}

function processorUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
