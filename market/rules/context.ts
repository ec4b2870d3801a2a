/** What a rule is shown of the instrument of a tick. One for each instrument and session: nothing is made for a tick. */

import { type TradingPhase, TradingPhases } from '../calendar/trading-phase.ts'
import type { Contract } from '../contract.ts'
import type { ChainState } from '../state/chain-state.ts'
import { type InstrumentState, TrackedInstrument } from '../state/instrument-state.ts'
import type { MarketState } from '../state/market-state.ts'
import type { RuleContext } from './rule.ts'

export class InstrumentContext implements RuleContext {
  readonly slot: number
  readonly market: MarketState
  contract: Contract | undefined
  state: InstrumentState
  /** False while no record of it was taken: its state is that of no instrument. */
  isKnown: boolean
  #phases: TradingPhases | undefined = undefined

  readonly #chains: () => ChainState

  constructor(slot: number, market: MarketState, instrument: number, chains: () => ChainState) {
    const state = market.of(instrument)
    this.slot = slot
    this.#chains = chains
    this.market = market
    this.isKnown = state !== undefined
    this.state = state ?? new TrackedInstrument(instrument)
    this.contract = this.state.contract
  }

  get chains(): ChainState {
    return this.#chains()
  }

  phaseAt(tsUs: number): TradingPhase | undefined {
    if (this.contract === undefined) return undefined
    this.#phases ??= new TradingPhases(this.contract)
    return this.#phases.at(tsUs)
  }

  /** Takes over what a record has named. */
  name(state: InstrumentState): void {
    this.isKnown = true
    this.state = state
    if (state.contract !== this.contract) this.#phases = undefined
    this.contract = state.contract
  }
}
