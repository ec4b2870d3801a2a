/**
 * When each contract of the universe had data last, and what the tape is told of those that wait for their turn for too long: a contract
 * that is not seen for longer than it should be has a gap from the end of its last hold on, with the cause `unseen`.
 *
 * States of a contract: seen (a line of it has data) -> waiting -> seen, or unseen (named on the tape) -> seen.
 */

import type { GapLedger } from '../gaps/ledger.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Line } from './line.ts'

export interface SeenOptions {
  recorder: Pick<Recorder, 'lineMissing' | 'missingSinceUs'>
  ledger: Pick<GapLedger, 'name'>
}

const UNSEEN = 'unseen'
/** What a contract misses for a known reason since no longer than that after its last data is named by that reason. */
const AT_ONCE_US = 1_000_000

export class Seen {
  readonly #options: SeenOptions
  /** By instrument; 0: not of the universe. */
  #lastUs = new Float64Array(1024)
  #named = new Uint8Array(1024)
  /** It had data once. */
  #known = new Uint8Array(1024)

  constructor(options: SeenOptions) {
    this.#options = options
  }

  /** By instrument: when it had data last, or since when it has been wanted. */
  get lastUs(): Float64Array {
    return this.#lastUs
  }

  of(instrument: number): number {
    return this.#lastUs[instrument] ?? 0
  }

  /** It had data since it is wanted. */
  isKnown(instrument: number): boolean {
    return this.#known[instrument] === 1
  }

  isNamed(instrument: number): boolean {
    return this.#named[instrument] === 1
  }

  /** The contract is wanted; what is known of it already stays. */
  want(instrument: number, wantedUs: number): void {
    this.#reach(instrument)
    if (this.#lastUs[instrument] === 0) this.#lastUs[instrument] = wantedUs
  }

  /** It is not of the universe any more. */
  forget(instrument: number): void {
    this.#lastUs[instrument] = 0
    this.#named[instrument] = 0
    this.#known[instrument] = 0
  }

  /** Lines that are open and have data are seen now. */
  look(lines: readonly Line[], nowUs: number): void {
    for (const { instrument, feed, held, hasData } of lines) {
      if (feed || !held || !hasData || !this.#lastUs[instrument]) continue
      this.#lastUs[instrument] = nowUs
      this.#named[instrument] = 0
      this.#known[instrument] = 1
    }
  }

  /** Names those that have not been seen since `beforeUs`. Returns how many are unseen. */
  name(instruments: Iterable<number>, beforeUs: number): number {
    let unseen = 0
    for (const instrument of instruments) {
      if (this.of(instrument) >= beforeUs) continue
      unseen++
      if (this.#named[instrument] === 1) continue
      this.#named[instrument] = 1
      this.#put(instrument)
    }
    return unseen
  }

  /** The clock was set: its times lie so much ahead of those before. */
  shift(byUs: number): void {
    for (const [instrument, us] of this.#lastUs.entries()) if (us > 0) this.#lastUs[instrument] = us + byUs
  }

  #put(instrument: number): void {
    const { recorder, ledger } = this.#options
    const lastUs = this.of(instrument)
    const missingUs = recorder.missingSinceUs(instrument)
    if (missingUs === undefined) recorder.lineMissing(instrument, UNSEEN, lastUs)
    // It was asked for since, and something came of it that is named already: refused, or no data.
    else if (missingUs > lastUs + AT_ONCE_US) ledger.name({ fromTsUs: lastUs, toTsUs: missingUs, cause: UNSEEN, instrument })
  }

  #reach(instrument: number): void {
    if (instrument < this.#lastUs.length) return
    const length = Math.max(instrument + 1, this.#lastUs.length * 2)
    const [lastUs, named, known] = [new Float64Array(length), new Uint8Array(length), new Uint8Array(length)]
    lastUs.set(this.#lastUs)
    named.set(this.#named)
    known.set(this.#known)
    this.#lastUs = lastUs
    this.#named = named
    this.#known = known
  }
}
