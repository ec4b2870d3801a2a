/** Calls the strategy: with what it may see, when the feed brings it, as copies; a bar is its own. What it throws, or does that no strategy may, ends the run. */

import type { EpisodeEvent } from '../../market/arbitrage/arbitrage.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Bar } from '../../market/bar.ts'
import { messageOf } from '../../market/errors.ts'
import { ChainState } from '../../market/state/chain-state.ts'
import { MarketState } from '../../market/state/market-state.ts'
import type { Quote, TapeRecord } from '../../market/tick.ts'
import type { CorporateAction } from './actions.ts'
import type { AccountEvent } from './events.ts'
import type { LatencyModel } from './models/latency/latency.ts'
import type { Schedule } from './schedule.ts'
import type { Fill, StrategyHandlers } from './strategy.ts'
import { StrategyError, type StrategyFault } from './strategy-error.ts'
import { copyOfQuote, copyOfTrade } from './views.ts'

export interface StrategyHostOptions {
  schedule: Schedule
  latency: LatencyModel
  nowUs: () => number
  /** Values what is held of an instrument, once the strategy knows that price too. */
  mark: (instrument: number, price: number) => void
}

export class StrategyHost {
  /** As the strategy knows it. */
  readonly market = new MarketState()
  readonly #options: StrategyHostOptions
  readonly #latency: LatencyModel
  #chains: ChainState | undefined
  #handlers: StrategyHandlers = {}
  #failure: StrategyError | undefined

  constructor(options: StrategyHostOptions) {
    this.#options = options
    this.#latency = options.latency
  }

  /** The chains of the market as the strategy knows it; they cost nothing until they are asked for. */
  get chains(): ChainState {
    this.#chains ??= ChainState.joining(this.market)
    return this.#chains
  }

  get hearsOpportunities(): boolean {
    return this.#handlers.onOpportunity !== undefined
  }

  start(create: () => StrategyHandlers): void {
    this.#handlers = this.call(create)
    if (this.#handlers.onChain) this.#chains = this.chains
  }

  record(record: TapeRecord, isBelieved: boolean): void {
    const lateUs = this.#latency.feedUs()
    if (lateUs > 0) this.#options.schedule.at(this.#options.nowUs() + lateUs, () => this.#show(record, isBelieved))
    else this.#show(record, isBelieved)
  }

  /** The bar is handed on as it is: nobody else may need it any more. */
  bar(bar: Bar, instrument: number): void {
    const lateUs = this.#latency.feedUs()
    if (lateUs > 0) this.#options.schedule.at(this.#options.nowUs() + lateUs, () => this.#showBar(bar, instrument))
    else this.#showBar(bar, instrument)
  }

  /** At once, but behind what is going on: an order that it gives must not meet a half-told quote. */
  filled(fill: Fill): void {
    if (this.#handlers.onFill) this.#later(() => this.#handlers.onFill?.({ ...fill }))
  }

  account(event: AccountEvent): void {
    if (this.#handlers.onAccount) this.#later(() => this.#handlers.onAccount?.(structuredClone(event)))
  }

  opportunity(event: EpisodeEvent, episode: Episode): void {
    if (!this.#handlers.onOpportunity) return
    // The episode goes on changing.
    const copy = structuredClone(episode)
    this.#tell(() => this.#handlers.onOpportunity?.(event, copy))
  }

  action(action: CorporateAction): void {
    if (this.#handlers.onAction) this.#tell(() => this.#handlers.onAction?.({ ...action }))
  }

  session(event: 'open' | 'close', date: string): void {
    if (this.#handlers.onSession) this.call(() => this.#handlers.onSession?.(event, date))
  }

  timer(name: string): void {
    this.#handlers.onTimer?.(name)
  }

  /** Whatever a strategy throws is its fault. */
  call<T>(run: () => T): T {
    try {
      const result = run()
      this.throwFailure()
      return result
    } catch (error) {
      throw this.#asFault(error)
    }
  }

  /** Kept, so that a strategy that catches it ends all the same. */
  fault(code: StrategyFault, message: string, cause?: unknown): StrategyError {
    this.#failure ??= new StrategyError(message, { code, tsUs: this.#options.nowUs(), cause })
    return this.#failure
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  #later(run: () => void): void {
    const { schedule, nowUs } = this.#options
    schedule.at(nowUs(), () => this.call(run))
  }

  /** As late as the feed brings it. */
  #tell(run: () => void): void {
    const lateUs = this.#latency.feedUs()
    if (lateUs > 0) this.#options.schedule.at(this.#options.nowUs() + lateUs, () => this.call(run))
    else this.call(run)
  }

  /** The way of every tick: it makes nothing but the copy that the strategy is handed. */
  #show(record: TapeRecord, isBelieved: boolean): void {
    this.market.apply(record)
    this.#chains?.apply(record)
    if (!isBelieved) return
    if (record.kind === 'quote' && record.source === undefined) this.#mark(record)
    const handlers = this.#handlers
    try {
      if (record.kind === 'quote') {
        if (handlers.onQuote) handlers.onQuote(copyOfQuote(record))
        if (handlers.onChain) this.#showChain(record)
      } else if (record.kind === 'trade' && handlers.onTrade) handlers.onTrade(copyOfTrade(record))
    } catch (error) {
      throw this.#asFault(error)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #showBar(bar: Bar, instrument: number): void {
    const handlers = this.#handlers
    try {
      this.#options.mark(instrument, bar.close)
      if (handlers.onBar) handlers.onBar(bar, instrument)
    } catch (error) {
      throw this.#asFault(error)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** At the middle; without a bid, at half the ask. */
  #mark({ instrument, bidPrice, askPrice }: Quote): void {
    if (askPrice !== undefined) this.#options.mark(instrument, ((bidPrice ?? 0) + askPrice) / 2)
  }

  #showChain({ instrument }: Quote): void {
    const chain = this.chains.legOf(instrument)?.chain
    if (chain?.underlying.instrument !== undefined) this.#handlers.onChain?.(chain.underlying.instrument, chain.expiry)
    else if (this.chains.chainsOf(instrument).length > 0) this.#handlers.onChain?.(instrument, undefined)
  }

  #asFault(cause: unknown): StrategyError {
    return this.fault('strategy-threw', `the strategy threw: ${messageOf(cause)}`, cause)
  }
}
