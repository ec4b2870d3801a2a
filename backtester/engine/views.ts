/** What a strategy is handed: copies, made when it asks, so that it can neither change the market or the account nor see them change. */

import type { Bar } from '../../market/bar.ts'
import type { Contract } from '../../market/contract.ts'
import type { ChainSide } from '../../market/state/chain.ts'
import type { ChainState } from '../../market/state/chain-state.ts'
import type { InstrumentState } from '../../market/state/instrument-state.ts'
import type { LineState } from '../../market/state/line-state.ts'
import type { Greeks, LineFeed, Quote, Statistic, Trade, TradeSource } from '../../market/tick.ts'
import type { Order } from './orders.ts'
import type { Position } from './portfolio.ts'
import type { OptionQuote } from './strategy.ts'

/** Each field is named, so that all copies have one shape and making one costs little. */
export function copyOfQuote(quote: Quote): Quote {
  const { kind, seq, tsUs, instrument, bidPrice, askPrice, bidSize, askSize, source, eventTsUs, delayed, marks, verdict } = quote
  return {
    kind,
    seq,
    tsUs,
    instrument,
    bidPrice,
    askPrice,
    bidSize,
    askSize,
    source,
    eventTsUs,
    delayed,
    marks,
    verdict: verdict && structuredClone(verdict),
  }
}

export function copyOfTrade(trade: Trade): Trade {
  return { ...trade, verdict: trade.verdict && structuredClone(trade.verdict) }
}

export function copyOfOrder(order: Order): Order {
  const { id, request, givenUs, arrivedUs, status, left, filled, best, isReleased, isForced, reason } = order
  return { id, request: { ...request }, givenUs, arrivedUs, status, left, filled, best, isReleased, isForced, reason }
}

export function copyOfBar({ startUs, open, high, low, close, volume, vwap, trades }: Bar): Bar {
  return { startUs, open, high, low, close, volume, vwap, trades }
}

export function copyOfPosition({ instrument, multiplier, quantity, cost, mark, value }: Position): Position {
  return { instrument, multiplier, quantity, cost, mark, value }
}

/** An instrument of a MarketState, which goes on with the stream; each value that is read is a copy. */
export class InstrumentView implements InstrumentState {
  readonly #state: InstrumentState

  constructor(state: InstrumentState) {
    this.#state = state
  }

  get instrument(): number {
    return this.#state.instrument
  }

  get contract(): Contract | undefined {
    return this.#state.contract && structuredClone(this.#state.contract)
  }

  get quote(): Quote | undefined {
    return this.#state.quote && copyOfQuote(this.#state.quote)
  }

  get tickByTickQuote(): Quote | undefined {
    return this.#state.tickByTickQuote && copyOfQuote(this.#state.tickByTickQuote)
  }

  get lastTrade(): Trade | undefined {
    return this.#state.lastTrade && copyOfTrade(this.#state.lastTrade)
  }

  tradeOf(source: TradeSource): Trade | undefined {
    const trade = this.#state.tradeOf(source)
    return trade && copyOfTrade(trade)
  }

  get statistics(): ReadonlyMap<string, Statistic> {
    return structuredClone(this.#state.statistics)
  }

  greeksOf(basis: Greeks['basis']): Greeks | undefined {
    return structuredClone(this.#state.greeksOf(basis))
  }

  get isDelayed(): boolean {
    return this.#state.isDelayed
  }

  get isFrozen(): boolean {
    return this.#state.isFrozen
  }

  get lastTickUs(): number | undefined {
    return this.#state.lastTickUs
  }

  line(feed?: LineFeed): LineState | undefined {
    const line = this.#state.line(feed)
    if (!line) return undefined
    const { isOpen, openedSeq, openedTsUs, closedTsUs, untilTsUs, cause } = line
    return { isOpen, openedSeq, openedTsUs, closedTsUs, untilTsUs, cause }
  }
}

/** By expiry, then strike, calls before puts. */
export function optionsOf(state: ChainState, underlying: number, expiry?: string): OptionQuote[] {
  const options: OptionQuote[] = []
  for (const chain of state.chainsOf(underlying)) {
    if (expiry !== undefined && chain.expiry !== expiry) continue
    for (let at = 0; at < chain.length; at++)
      for (const right of ['C', 'P'] as const) {
        const side: ChainSide = right === 'C' ? chain.calls : chain.puts
        const instrument = side.instruments[at] ?? -1
        if (instrument < 0) continue
        const { tradingClass, multiplier } = chain
        options.push({
          instrument,
          expiry: chain.expiry,
          strike: chain.strikeAt(at),
          right,
          multiplier,
          tradingClass,
          bidPrice: known(side.bidPrices[at]),
          askPrice: known(side.askPrices[at]),
          bidSize: known(side.bidSizes[at]),
          askSize: known(side.askSizes[at]),
          tsUs: known(side.timesUs[at]),
        })
      }
  }
  return options
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value
}
