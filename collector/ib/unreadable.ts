/** Messages of the gateway that could not be decoded: data lost. All are counted; the first of a kind is worth a line in the log. */

/** Kinds that are distinguished; a gateway that sends nothing readable fills neither log nor memory. */
const MAX_KINDS = 50

export class UnreadableMessages {
  readonly #kinds = new Set<string>()
  #total = 0

  get total(): number {
    return this.#total
  }

  /** Counts it. Returns true for the first of its kind. */
  take(what: string): boolean {
    this.#total++
    // The library quotes what it could not place: `… left on queue (["1","2"])`.
    const kind = what.split('([', 1)[0] ?? what
    if (this.#kinds.has(kind) || this.#kinds.size >= MAX_KINDS) return false
    this.#kinds.add(kind)
    return true
  }
}
