/**
 * Of each book, the level, and the median size of its latest changes other than zero. Bounded: a window of changes for each book. The
 * median is found anew after every few changes, so that a quote costs no sorting.
 */

/** Changes that are remembered. */
const WINDOW = 32
/** The median is found anew after so many changes. None before the first so many. */
const RENEWAL = 16

/** Where a book's numbers lie, before its window. */
const LEVEL = 0
const WIDTH = 1
const MEDIAN = 2
const CHANGES = 3
const STRIDE = 4 + WINDOW

export class RecentChanges {
  #numbers = new Float64Array(0)
  readonly #sorted = new Float64Array(WINDOW)

  /** NaN when there is none. */
  level(book: number): number {
    return this.#numbers[book * STRIDE + LEVEL] ?? Number.NaN
  }

  /** What was given with the level. */
  width(book: number): number {
    return this.#numbers[book * STRIDE + WIDTH] ?? Number.NaN
  }

  /** NaN while too few changes are known. */
  median(book: number): number {
    return this.#numbers[book * STRIDE + MEDIAN] ?? Number.NaN
  }

  /** Takes a new level. `isStep`: the change from the one before is one of those that count. */
  take(book: number, level: number, width: number, isStep: boolean): void {
    const at = book * STRIDE
    if (at >= this.#numbers.length) this.#grow(at + STRIDE)
    const numbers = this.#numbers
    const change = Math.abs(level - (numbers[at + LEVEL] as number))
    numbers[at + LEVEL] = level
    numbers[at + WIDTH] = width
    // A change from no level is NaN.
    if (isStep && change > 0) this.#add(at, change)
  }

  /** From `book` on, so many books have no level; the sizes of their changes stay. */
  forget(book: number, books: number): void {
    for (let at = book * STRIDE; at < (book + books) * STRIDE && at < this.#numbers.length; at += STRIDE)
      this.#numbers[at + LEVEL] = Number.NaN
  }

  forgetAll(): void {
    this.forget(0, this.#numbers.length / STRIDE)
  }

  #add(at: number, change: number): void {
    const numbers = this.#numbers
    const count = numbers[at + CHANGES] as number
    numbers[at + STRIDE - WINDOW + (count % WINDOW)] = change
    numbers[at + CHANGES] = count + 1
    if ((count + 1) % RENEWAL !== 0) return
    const known = Math.min(count + 1, WINDOW)
    const sorted = this.#sorted.subarray(0, known)
    for (let i = 0; i < known; i++) sorted[i] = numbers[at + STRIDE - WINDOW + i] as number
    sorted.sort()
    numbers[at + MEDIAN] = sorted[known >> 1] as number
  }

  #grow(least: number): void {
    const before = this.#numbers
    const books = Math.max(16, Math.ceil(least / STRIDE), (before.length / STRIDE) * 2)
    this.#numbers = new Float64Array(books * STRIDE)
    this.#numbers.set(before)
    for (let at = before.length; at < this.#numbers.length; at += STRIDE) this.#numbers.fill(Number.NaN, at, at + CHANGES)
  }
}
