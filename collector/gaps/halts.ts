/**
 * Which symbols are halted, as tick 49 of their lines says: while one is, no data of it, or of its options, is missing.
 *
 * What a line said holds for as long as the line is served: an option that was halted when it expired, or when its line was given up,
 * never says that it trades again. A trade of the instrument proves that it does.
 */

import type { Tick } from '../../market/tick.ts'
import type { Line } from '../lines/line.ts'

export class Halts {
  readonly #instruments = new Set<number>()

  /** To be called with every tick; most are of something else. */
  take(tick: Tick): void {
    if (tick.kind === 'statistic' && tick.name === 'halted') {
      // 1: halted, 2: for volatility; 0: trading; -1: not known.
      if ((tick.value ?? 0) > 0) this.#instruments.add(tick.instrument)
      else this.#instruments.delete(tick.instrument)
    } else if (this.#instruments.size > 0 && tick.kind === 'trade' && !tick.marks) {
      // Not a quote, as these are shown during a halt too, nor the last trade from before it, or one that is reported late.
      this.#instruments.delete(tick.instrument)
    }
  }

  /** The link is lost: the next one says anew what is halted. */
  forget(): void {
    this.#instruments.clear()
  }

  /** Symbols of which one of these lines, as long as it is served, says that it is halted. */
  symbolsOf(lines: Iterable<Line>): ReadonlySet<string> {
    const symbols = new Set<string>()
    if (this.#instruments.size === 0) return symbols
    for (const { held, feed, instrument, contract } of lines)
      if (held && !feed && this.#instruments.has(instrument)) symbols.add(contract.symbol)
    return symbols
  }
}
