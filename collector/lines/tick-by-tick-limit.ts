/**
 * How many contracts IB serves tick by tick at once, learned from its refusals (10190, 322). It counts contracts, whatever is asked of
 * each, and all clients of the login share them: there may be one more at any time.
 *
 * States: unknown -> learned (at a refusal: as many as were taken). While a limit is known, no more contracts than that are asked for;
 * `againMs` after the last refusal one more is tried, which raises the limit or confirms it. The limit outlives its link.
 */

import type { Line } from './line.ts'

export class TickByTickLimit {
  readonly #againMs: number
  #contracts: number | undefined
  /** `performance.now()` of the last refusal or attempt. */
  #learnedMs = 0

  constructor(againMs: number) {
    this.#againMs = againMs
  }

  /** IB had no room for a contract. */
  learn(refused: Line, lines: Iterable<Line>): void {
    const taken = takenContracts(lines)
    taken.delete(refused.instrument)
    this.#contracts = taken.size
    this.#learnedMs = performance.now()
  }

  /** True when a line may be asked for: its contract is served already, there is room, or it is time to try whether there is. */
  mayAsk({ instrument }: Line, lines: Iterable<Line>): boolean {
    if (this.#contracts === undefined) return true
    const taken = takenContracts(lines)
    if (taken.has(instrument) || taken.size < this.#contracts) return true
    if (performance.now() - this.#learnedMs < this.#againMs) return false
    this.#learnedMs = performance.now()
    this.#contracts = taken.size + 1
    return true
  }
}

function takenContracts(lines: Iterable<Line>): Set<number> {
  const taken = new Set<number>()
  for (const { feed, state, instrument } of lines)
    if (feed && (state === 'asked' || state === 'open' || state === 'silent')) taken.add(instrument)
  return taken
}
