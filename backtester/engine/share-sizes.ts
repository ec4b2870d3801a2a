/** Sizes of quotes in shares: IB counts those of US stocks in shares or in lots, and says which for each session of recording. */

import type { Quote, TapeRecord } from '../../market/tick.ts'
import { SizeUnits } from '../../market/stock-sizes/size-units.ts'

export class ShareSizes {
  readonly #units = new Map<number, SizeUnits>()
  #latest: SizeUnits | undefined
  #latestId = Number.NaN
  /** Some session said its unit. */
  #areUnitsKnown = false

  /** Takes in what names instruments and units. @param sessionId sessions that overlap have units of their own */
  apply(record: TapeRecord, sessionId: number): void {
    if (record.kind !== 'contract' && record.kind !== 'session') return
    this.#of(sessionId).apply(record)
    if (record.kind === 'session' && record.event === 'sizes') this.#areUnitsKnown = true
  }

  /** The same quote where its sizes are in shares, or nobody knows their unit: then they are taken for shares, which is the least. */
  inShares(quote: Quote, sessionId: number): Quote {
    const shares = this.#areUnitsKnown ? this.#of(sessionId).sharesPerUnit(quote) : undefined
    if (shares === undefined || shares === 1) return quote
    const { bidSize, askSize } = quote
    return {
      ...quote,
      bidSize: bidSize === undefined ? undefined : bidSize * shares,
      askSize: askSize === undefined ? undefined : askSize * shares,
    }
  }

  #of(sessionId: number): SizeUnits {
    if (this.#latest !== undefined && this.#latestId === sessionId) return this.#latest
    let units = this.#units.get(sessionId)
    if (units === undefined) {
      units = new SizeUnits()
      this.#units.set(sessionId, units)
    }
    this.#latest = units
    this.#latestId = sessionId
    return units
  }
}
