/** The context of a strategy, made of the engine's parts. Every way from here leads to the present or the past, and none to anything that can be changed. */

import { INDICATORS } from '../../market/indicators/index.ts'
import type { ChainState } from '../../market/state/chain-state.ts'
import type { MarketState } from '../../market/state/market-state.ts'
import { fromUnits } from './money.ts'
import type { OrderDesk } from './order-desk.ts'
import type { ComboRequest, OrderRequest } from './orders.ts'
import type { Portfolio } from './portfolio.ts'
import type { StrategyContext } from './strategy.ts'
import { copyOfOrder, copyOfPosition, InstrumentView, optionsOf } from './views.ts'

export interface ContextOptions {
  nowUs: () => number
  warmsUp: () => boolean
  market: MarketState
  portfolio: Portfolio
  desk: OrderDesk
  submit: (request: OrderRequest) => number
  submitCombo: (request: ComboRequest) => readonly number[]
  exercise: (instrument: number, quantity: number) => string | undefined
  lapse: (instrument: number) => void
  plan: (tsUs: number, run: (() => void) | string) => void
  chains: () => ChainState
  log: (message: string, details: Record<string, unknown> | undefined) => void
}

export function createContext(options: ContextOptions): StrategyContext {
  const { nowUs, desk, log } = options
  return Object.freeze({
    clock: Object.freeze({
      get nowUs() {
        return nowUs()
      },
      get warmsUp() {
        return options.warmsUp()
      },
    }),
    market: marketOf(options),
    portfolio: portfolioOf(options.portfolio),
    orders: Object.freeze({
      submit: (request: OrderRequest) => options.submit(request),
      submitCombo: (request: ComboRequest) => options.submitCombo(request),
      cancel: (id: number) => desk.cancel(id),
      find: (id: number) => {
        const order = desk.find(id)
        return order && copyOfOrder(order)
      },
      open: () => [...desk.open()].map(copyOfOrder),
      exercise: (instrument: number, quantity: number) => options.exercise(instrument, quantity),
      lapse: (instrument: number) => options.lapse(instrument),
    }),
    timers: Object.freeze({
      at: (tsUs: number, run: (() => void) | string) => options.plan(Math.max(tsUs, nowUs()), run),
      after: (ms: number, run: (() => void) | string) => options.plan(nowUs() + Math.max(0, Math.round(ms * 1000)), run),
    }),
    indicators: Object.freeze({ ...INDICATORS }),
    log: (message: string, details?: Record<string, unknown>) => log(message, details && structuredClone(details)),
  })
}

function marketOf({ market, chains }: ContextOptions): StrategyContext['market'] {
  return Object.freeze({
    of: (instrument: number) => {
      const state = market.of(instrument)
      return state && new InstrumentView(state)
    },
    contract: (instrument: number) => structuredClone(market.of(instrument)?.contract),
    *instruments() {
      for (const { instrument, contract } of market.instruments()) if (contract) yield { ...structuredClone(contract), instrument }
    },
    chain: (underlying: number, expiry?: string) => optionsOf(chains(), underlying, expiry),
    expiries: (underlying: number) => [
      ...new Set(
        chains()
          .chainsOf(underlying)
          .map(({ expiry }) => expiry),
      ),
    ],
  })
}

function portfolioOf(portfolio: Portfolio): StrategyContext['portfolio'] {
  return Object.freeze({
    get cash() {
      return fromUnits(portfolio.cash)
    },
    get equity() {
      return fromUnits(portfolio.equity)
    },
    quantity: (instrument: number) => portfolio.position(instrument)?.quantity ?? 0,
    positions: () => [...portfolio.positions()].map(copyOfPosition),
  })
}
