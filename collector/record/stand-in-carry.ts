/**
 * Has the settings stand in for rates, dividends and borrow fees that no other source knows: rates at once, the rest when the contract of
 * the underlying is on the tape.
 */

import type { Contract } from '../../market/contract.ts'
import { type CarryInput, STAND_IN } from './carry-inputs.ts'
import type { Recorder } from './recorder.ts'

export interface CarrySettings {
  /** Continuously compounded annual fraction, for every term. */
  rate: number
  underlyings?: readonly UnderlyingCarry[]
}

interface UnderlyingCarry {
  symbol: string
  currency: string
  /** Per share, by ex-date (`YYYY-MM-DD`). Empty: it pays none. Absent: not known. */
  dividends?: readonly { exDate: string; amount: number }[] | undefined
  /** Continuously compounded annual fraction. Absent: not known. */
  borrow?: number | undefined
}

export class StandInCarry {
  readonly #recorder: Recorder
  readonly #underlyings = new Map<number, Contract>()
  #settings: CarrySettings

  /** @param currencies of what is recorded */
  constructor(recorder: Recorder, settings: CarrySettings, currencies: Iterable<string>) {
    this.#recorder = recorder
    this.#settings = settings
    recorder.subscribe((record) => {
      if (record.kind !== 'contract' || record.contract.kind === 'option' || this.#underlyings.has(record.instrument)) return
      const { instrument, contract } = record
      this.#underlyings.set(instrument, contract)
      // Behind the record that is being handed out, not within.
      queueMicrotask(() => recorder.carry(this.#of(instrument, contract)))
    })
    this.configure(settings, currencies)
  }

  /** Other settings are in force. What they do not name any more stays as it was for as long as the collector runs. */
  configure(settings: CarrySettings, currencies: Iterable<string>): void {
    this.#settings = settings
    this.#recorder.carry(carryOfSettings(settings.rate, currencies))
    for (const [instrument, contract] of this.#underlyings) this.#recorder.carry(this.#of(instrument, contract))
  }

  #of(instrument: number, { symbol, currency }: Contract): CarryInput[] {
    const own = this.#settings.underlyings?.find((named) => named.symbol === symbol && named.currency === currency)
    const payments = own?.dividends?.toSorted((a, b) => (a.exDate < b.exDate ? -1 : 1))
    return [
      ...(payments ? [{ input: 'dividends' as const, instrument, payments, source: STAND_IN }] : []),
      ...(own?.borrow === undefined ? [] : [{ input: 'borrow' as const, instrument, rate: own.borrow, source: STAND_IN }]),
    ]
  }
}

/** The one rate of the settings, for every term, of each currency. */
function carryOfSettings(rate: number, currencies: Iterable<string>): CarryInput[] {
  return [...new Set(currencies)].map((currency) => ({ input: 'rates', currency, points: [{ days: 0, rate }], source: STAND_IN }))
}
