/** Rows that an import does not take, counted by reason, with some examples of each. */

export interface Place {
  file: string
  /** From 1. */
  line: number
}

export interface Refusal {
  reason: string
  rows: number
  /** The first ones. */
  examples: (Place & { found: string })[]
}

const EXAMPLES = 5
const FOUND_CHARACTERS = 100
/** Every reason is one of ours; this many would be a bug, and memory stays bounded all the same. */
const MOST_REASONS = 200

export class Refusals {
  rows = 0
  readonly #reasons = new Map<string, Refusal>()

  add(reason: string, place: Place, found: string): void {
    this.rows++
    let refusal = this.#reasons.get(reason)
    if (!refusal) {
      refusal = { reason, rows: 0, examples: [] }
      if (this.#reasons.size < MOST_REASONS) this.#reasons.set(reason, refusal)
    }
    refusal.rows++
    if (refusal.examples.length < EXAMPLES) refusal.examples.push({ ...place, found: found.slice(0, FOUND_CHARACTERS) })
  }

  /** The most frequent first. */
  list(): Refusal[] {
    return [...this.#reasons.values()].sort((a, b) => b.rows - a.rows)
  }
}
