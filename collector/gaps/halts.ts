/**
 * Which symbols are halted, as tick 49 of their lines says: while one is, no data of it, or of its options, is missing.
 *
 * What a line said holds for as long as the line is served: an option that was halted when it expired, or when its line was given up,
 * never says that it trades again. A trade of the instrument proves that it does, and one of the stock that the symbol does: an
 * option that does not trade for days, and that missed the end of a halt, would keep all lines of its symbol from being watched.
 */

import type { Tick } from '../../market/tick.ts'
import type { Line } from '../lines/line.ts'

export class Halts {
  /** Instruments that are halted, with the number of the tick that said so. */
  readonly #halted = new Map<number, number>()
  /** The last trades, numbered alike, while anything is halted. */
  readonly #traded = new Map<number, number>()
  #number = 0

  /** To be called with every tick; most are of something else. */
  take(tick: Tick): void {
    if (tick.kind === 'statistic' && tick.name === 'halted') {
      // 1: halted, 2: for volatility; 0: trading; -1: not known.
      if ((tick.value ?? 0) > 0) this.#halted.set(tick.instrument, ++this.#number)
      else this.#halted.delete(tick.instrument)
      if (this.#halted.size === 0) this.#traded.clear()
    } else if (this.#halted.size > 0 && tick.kind === 'trade' && !tick.marks) {
      // Not a quote, as these are shown during a halt too, nor the last trade from before it, or one that is reported late.
      this.#halted.delete(tick.instrument)
      this.#traded.set(tick.instrument, ++this.#number)
    }
  }

  /** The link is lost: the next one says anew what is halted. */
  forget(): void {
    this.#halted.clear()
    this.#traded.clear()
  }

  /** Symbols of which one of these lines, as long as it is served, says that it is halted, and of which the stock did not trade since. */
  symbolsOf(lines: Iterable<Line>): ReadonlySet<string> {
    if (this.#halted.size === 0) return new Set()
    const halted = new Map<string, number>()
    const traded = new Map<string, number>()
    for (const { held, feed, instrument, contract } of lines) {
      const { symbol, kind } = contract
      if (held && !feed) noteLatest(halted, symbol, this.#halted.get(instrument))
      // An index has values also where nothing trades.
      if (kind === 'stock') noteLatest(traded, symbol, this.#traded.get(instrument))
    }
    return new Set([...halted].filter(([symbol, number]) => number > (traded.get(symbol) ?? 0)).map(([symbol]) => symbol))
  }
}

function noteLatest(latest: Map<string, number>, symbol: string, number: number | undefined): void {
  if (number !== undefined && number > (latest.get(symbol) ?? 0)) latest.set(symbol, number)
}
