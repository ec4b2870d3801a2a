/**
 * Contracts that are not asked for now, as the last request came to nothing: refused, without an answer, or without data. Each time in a
 * row they are left alone for twice as long, from a minute up to half an hour, so that they do not keep a line from the others.
 */

const FIRST_MS = 60_000
const MOST_MS = 1_800_000

export class Futile {
  readonly #failures = new Map<number, { times: number; untilMs: number }>()

  /** Those that are left alone at that time, in monotonic milliseconds. */
  at(nowMs: number): Set<number> {
    const blocked = new Set<number>()
    for (const [instrument, { untilMs }] of this.#failures) if (untilMs > nowMs) blocked.add(instrument)
    return blocked
  }

  failed(instrument: number, nowMs: number): void {
    const times = (this.#failures.get(instrument)?.times ?? 0) + 1
    this.#failures.set(instrument, { times, untilMs: nowMs + Math.min(MOST_MS, FIRST_MS * 2 ** (times - 1)) })
  }

  worked(instrument: number): void {
    this.#failures.delete(instrument)
  }

  /** What was refused may be served by another link. */
  clear(): void {
    this.#failures.clear()
  }
}
