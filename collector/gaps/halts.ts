/** Which symbols are halted, as tick 49 of their lines says: while one is, no data of it, or of its options, is missing. */

import type { Tick } from '../../market/tick.ts'

export class Halts {
  readonly #halted = new Map<string, Set<number>>()

  /** `symbolOf`: of the tick's instrument. Most ticks are of something else. */
  take(tick: Tick, symbolOf: (instrument: number) => string | undefined): void {
    if (tick.kind !== 'statistic' || tick.name !== 'halted') return
    const symbol = symbolOf(tick.instrument)
    if (symbol === undefined) return
    const halted = this.#halted.get(symbol) ?? new Set()
    // 1: halted, 2: for volatility; 0: trading; -1: not known.
    if ((tick.value ?? 0) > 0) halted.add(tick.instrument)
    else halted.delete(tick.instrument)
    if (halted.size > 0) this.#halted.set(symbol, halted)
    else this.#halted.delete(symbol)
  }

  isHalted(symbol: string): boolean {
    return this.#halted.has(symbol)
  }
}
