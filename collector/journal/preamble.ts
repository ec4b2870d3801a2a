/** The durable records that a new segment repeats so that it can be read alone: contracts, settings, carry inputs, open lines, open gaps. */

import { carryKey, type TapeRecord, type Tick } from '../../market/tick.ts'
import { gapKey } from '../gaps/gap.ts'

/** Records of which some hold from then on: for good, until the line is closed, until a gap names what was open. */
export type ControlRecord = Exclude<TapeRecord, Tick>

export class Preamble {
  /** By seq. */
  readonly #standing = new Map<number, ControlRecord>()
  /** Seqs of the begins of open gaps, by `gapKey`. */
  readonly #gapSeqs = new Map<string, number>()

  /** Seqs of the latest carry inputs, by `carryKey`. */
  readonly #carrySeqs = new Map<string, number>()

  get records(): ControlRecord[] {
    return [...this.#standing.values()]
  }

  take(record: ControlRecord): void {
    if (record.kind === 'gap') {
      if (record.instrument !== undefined) return
      const key = gapKey(record)
      this.#standing.delete(this.#gapSeqs.get(key) ?? 0)
      this.#gapSeqs.delete(key)
    } else if (record.kind === 'session') {
      if (record.event !== 'interrupted') return
      this.#gapSeqs.set(gapKey(record), record.seq)
      this.#standing.set(record.seq, record)
    } else if (record.kind === 'carry') {
      const key = carryKey(record)
      this.#standing.delete(this.#carrySeqs.get(key) ?? 0)
      this.#carrySeqs.set(key, record.seq)
      this.#standing.set(record.seq, record)
    } else if (record.kind === 'line' && record.event !== 'opened') this.#standing.delete(record.openedSeq)
    else this.#standing.set(record.seq, record)
  }
}
