/**
 * Which instruments are halted. A halt ends with word of it, or with a trade of now: the last trade that IB gives again when a line is asked for
 * anew, or that came late or frozen, is one of before the halt.
 */

import { isMarked, Mark } from '../marks.ts'
import type { TapeRecord } from '../tick.ts'

const NO_TRADE_OF_NOW = Mark.initial | Mark.late | Mark.frozen

export class Halts {
  readonly #halted = new Set<number>()

  has(instrument: number): boolean {
    return this.#halted.has(instrument)
  }

  apply(record: TapeRecord): void {
    if (record.kind === 'statistic') {
      if (record.name !== 'halted' || record.verdict?.disposition === 'quarantine') return
      if ((record.value ?? 0) > 0) this.#halted.add(record.instrument)
      else this.#halted.delete(record.instrument)
    } else if (record.kind === 'trade' && this.#halted.size > 0) {
      const isOfNow = record.delayed !== true && !isMarked(record, NO_TRADE_OF_NOW)
      if (isOfNow && record.verdict?.disposition !== 'quarantine') this.#halted.delete(record.instrument)
    }
  }

  /** What a number stands for has changed. */
  forget(instrument: number): void {
    this.#halted.delete(instrument)
  }
}
