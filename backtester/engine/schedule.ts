/**
 * What is due at a time to come: timers, orders on their way, records that have not reached the strategy yet. Of what is due at one moment, what
 * was planned first comes first.
 */

interface Entry {
  tsUs: number
  order: number
  run: () => void
}

export class Schedule {
  /** A binary heap: each entry is due before the two at twice its place. */
  readonly #heap: Entry[] = []
  #planned = 0

  /** When the next one is due; infinite when nothing is. */
  get nextUs(): number {
    return this.#heap[0]?.tsUs ?? Number.POSITIVE_INFINITY
  }

  /** @throws RangeError unless it is a time */
  at(tsUs: number, run: () => void): void {
    if (!Number.isFinite(tsUs)) throw new RangeError(`expected a time in microseconds, found ${tsUs}`)
    this.#heap.push({ tsUs, order: this.#planned++, run })
    this.#rise(this.#heap.length - 1)
  }

  /** Takes out the next one that is due by `tsUs`. */
  take(tsUs: number): Entry | undefined {
    const [first] = this.#heap
    if (first === undefined || first.tsUs > tsUs) return undefined
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) {
      this.#heap[0] = last
      this.#sink()
    }
    return first
  }

  #rise(from: number): void {
    const heap = this.#heap
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1
      const [own, parent] = [heap[at], heap[above]]
      if (!own || !parent || isBefore(parent, own)) return
      heap[at] = parent
      heap[above] = own
      at = above
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ; ) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      if (!left) return
      const next = right && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1
      const [own, child] = [heap[at], heap[next]]
      if (!own || !child || isBefore(own, child)) return
      heap[at] = child
      heap[next] = own
      at = next
    }
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.tsUs < other.tsUs || (one.tsUs === other.tsUs && one.order < other.order)
}
