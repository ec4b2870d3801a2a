/** Faults that wait for a number to be reached (tape time, messages that were sent), the next one first. */

/** One that waits, and its place in the script: with repeated faults, not the number of its entry. */
interface Placed {
  readonly place: number
}

export class FaultQueue<T extends Placed> {
  /** By rising number, then in the order of the script. */
  readonly #items: readonly T[]
  readonly #numberOf: (item: T) => number
  /** How many were taken. */
  #taken = 0

  constructor(items: readonly T[], numberOf: (item: T) => number) {
    this.#items = items.toSorted((a, b) => numberOf(a) - numberOf(b) || a.place - b.place)
    this.#numberOf = numberOf
  }

  /** The number that the first one waits for, Infinity when none waits. */
  get next(): number {
    const first = this.#items[this.#taken]
    return first === undefined ? Number.POSITIVE_INFINITY : this.#numberOf(first)
  }

  /** Takes those out that wait for no more than this. */
  take(reached: number): T[] {
    const from = this.#taken
    while (this.next <= reached && this.#taken < this.#items.length) this.#taken++
    return this.#items.slice(from, this.#taken)
  }

  /** Takes all out that are left. */
  takeRest(): T[] {
    const rest = this.#items.slice(this.#taken)
    this.#taken = this.#items.length
    return rest
  }
}
