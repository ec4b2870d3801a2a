/**
 * What is known of the market at this record. One implementation, fed with the records of a stream in order, live and in replay alike:
 * the same records make the same state. It owns no clock; every time in it is a record's.
 *
 * A quarantined tick changes no value: rules, detectors and strategies must not see a price that was not believed. It does move the times
 * of the latest tick, as it proves that data comes in. A consumer that serves what the feed gave, right or wrong, sets `keepsQuarantined`.
 *
 * `session started` forgets lines, gaps, carry and the unit of sizes, as a session says them anew; the books stay. Lines and gaps belong
 * to one session at a time: where they matter, sessions that overlap need a state each.
 */

import { contractKey } from '../contract.ts'
import type { ContractRecord, SessionEvent, StockSizes, TapeRecord } from '../tick.ts'
import { CarryState } from './carry-state.ts'
import { type InstrumentState, TrackedInstrument } from './instrument-state.ts'
import { type OpenGap, OpenGaps } from './open-gaps.ts'

export interface MarketStateOptions {
  /** Quarantined ticks become part of the state like all others. */
  keepsQuarantined?: boolean
}

export class MarketState {
  readonly #keepsQuarantined: boolean
  readonly #instruments = new Map<number, TrackedInstrument>()
  readonly #gaps = new OpenGaps()
  /** Rates, dividends and borrow fees. */
  readonly carry = new CarryState()
  /** NaN before the first one. */
  #lastTickUs = Number.NaN
  #lastRecordUs = Number.NaN
  #sessionStartUs = Number.NaN
  #openLines = 0
  #stockSizes: StockSizes | undefined

  constructor({ keepsQuarantined = false }: MarketStateOptions = {}) {
    this.#keepsQuarantined = keepsQuarantined
  }

  /** Undefined when no record named the instrument. The state goes on with the stream: it is no copy. */
  of(instrument: number): InstrumentState | undefined {
    return this.#instruments.get(instrument)
  }

  /** All instruments that a record named, in the order in which they were first named. */
  instruments(): Iterable<InstrumentState> {
    return this.#instruments.values()
  }

  /** Time of the latest tick, quarantined ones included. */
  get lastTickUs(): number | undefined {
    return known(this.#lastTickUs)
  }

  /** Time of the latest record of any kind. */
  get lastRecordUs(): number | undefined {
    return known(this.#lastRecordUs)
  }

  /** When the current session started; undefined on a tape that no collector recorded. */
  get sessionStartUs(): number | undefined {
    return known(this.#sessionStartUs)
  }

  /** In which unit the sizes of US stocks come, as far as the session knows. */
  get stockSizes(): StockSizes | undefined {
    return this.#stockSizes
  }

  /** Lines that are open, tick-by-tick ones included. */
  get openLines(): number {
    return this.#openLines
  }

  /** Gaps of the session that have begun and not ended, in the order in which they began. */
  get openGaps(): readonly OpenGap[] {
    return this.#gaps.list
  }

  apply(record: TapeRecord): void {
    this.#lastRecordUs = record.tsUs
    switch (record.kind) {
      case 'quote': {
        const state = this.#track(record.instrument)
        state.lastUs = record.tsUs
        this.#lastTickUs = record.tsUs
        if (this.#keepsQuarantined || record.verdict?.disposition !== 'quarantine') state.takeQuote(record)
        return
      }
      case 'trade':
      case 'greeks':
      case 'statistic': {
        const state = this.#track(record.instrument)
        state.lastUs = record.tsUs
        this.#lastTickUs = record.tsUs
        if (!this.#keepsQuarantined && record.verdict?.disposition === 'quarantine') return
        state.takeTick(record)
        if (record.kind === 'statistic') this.carry.takeStatistic(record)
        return
      }
      case 'contract':
        this.#name(record)
        return
      case 'line':
        this.#openLines += this.#track(record.instrument).takeLine(record)
        return
      case 'gap':
        this.#gaps.end(record)
        return
      case 'session':
        this.#takeSession(record)
        return
      case 'carry':
        this.carry.take(record)
        return
      case 'config':
    }
  }

  #track(instrument: number): TrackedInstrument {
    const state = this.#instruments.get(instrument)
    if (state !== undefined) return state
    const added = new TrackedInstrument(instrument)
    this.#instruments.set(instrument, added)
    return added
  }

  /** A number that now stands for another contract has nothing of what stood there before. */
  #name({ instrument, contract }: ContractRecord): void {
    let state = this.#track(instrument)
    if (state.contract && contractKey(state.contract) !== contractKey(contract)) {
      this.#openLines -= state.openLines
      state = new TrackedInstrument(instrument)
      this.#instruments.set(instrument, state)
      this.carry.forget(instrument)
    }
    state.contract = contract
  }

  #takeSession(event: SessionEvent): void {
    if (event.event === 'interrupted') this.#gaps.begin(event)
    if (event.event === 'sizes') this.#stockSizes = event.sizes
    if (event.event !== 'started') return
    this.#stockSizes = undefined
    this.#sessionStartUs = event.tsUs
    this.#gaps.clear()
    this.carry.clear()
    this.#openLines = 0
    for (const state of this.#instruments.values()) state.forgetLines()
  }
}

function known(tsUs: number): number | undefined {
  return Number.isNaN(tsUs) ? undefined : tsUs
}
