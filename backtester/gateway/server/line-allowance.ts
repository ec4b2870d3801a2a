/**
 * How many market-data lines may be open at once, over all clients: what the account has, less what others of the same login hold, or a
 * smaller number while one holds.
 */

export class LineAllowance {
  readonly #lines: number
  readonly #limits = new Set<{ lines: number }>()
  readonly #others = new Set<{ lines: number }>()

  constructor(lines: number) {
    this.#lines = lines
  }

  get lines(): number {
    const lines = Math.min(this.#lines, ...[...this.#limits].map((limit) => limit.lines))
    return Math.max(0, lines - [...this.#others].reduce((sum, taken) => sum + taken.lines, 0))
  }

  /** There are no more than so many, until what is returned was called. */
  limit(lines: number): () => void {
    return put({ lines }, this.#limits)
  }

  /** Others hold so many, until what is returned was called. */
  take(lines: number): () => void {
    return put({ lines }, this.#others)
  }
}

function put<T>(item: T, among: Set<T>): () => void {
  among.add(item)
  return () => void among.delete(item)
}
