/**
 * Of each book, the level (the middle of its sides), and the median size of its latest changes other than zero. Bounded: a window of
 * changes for each book. The median is found anew after every few changes, so that a quote costs no sorting. Quotes are taken whole: numbers
 * that are handed from function to function may each be an object of its own.
 */

export interface Sides {
  bidPrice: number
  askPrice: number
}

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

  /** The spread at that level. */
  width(book: number): number {
    return this.#numbers[book * STRIDE + WIDTH] ?? Number.NaN
  }

  /** NaN while too few changes are known. */
  median(book: number): number {
    return this.#numbers[book * STRIDE + MEDIAN] ?? Number.NaN
  }

  /** True when the middle lies further from the level than so many medians. Never while either is not known. */
  isFar(book: number, { bidPrice, askPrice }: Sides, medians: number): boolean {
    const at = book * STRIDE
    const numbers = this.#numbers
    return Math.abs((bidPrice + askPrice) / 2 - (numbers[at + LEVEL] as number)) > (numbers[at + MEDIAN] as number) * medians
  }

  /** Takes a new level. `isStep`: the change from the one before is one of those that count. */
  take(book: number, { bidPrice, askPrice }: Sides, isStep: boolean): void {
    const at = book * STRIDE
    if (at >= this.#numbers.length) this.#grow(at + STRIDE)
    const numbers = this.#numbers
    const level = (bidPrice + askPrice) / 2
    const change = Math.abs(level - (numbers[at + LEVEL] as number))
    numbers[at + LEVEL] = level
    numbers[at + WIDTH] = askPrice - bidPrice
    // A change from no level is NaN.
    if (!isStep || !(change > 0)) return
    const count = numbers[at + CHANGES] as number
    numbers[at + STRIDE - WINDOW + (count % WINDOW)] = change
    numbers[at + CHANGES] = count + 1
    if ((count + 1) % RENEWAL === 0) this.#renew(at)
  }

  /** From `book` on, so many books have no level; the sizes of their changes stay. */
  forget(book: number, books: number): void {
    for (let at = book * STRIDE; at < (book + books) * STRIDE && at < this.#numbers.length; at += STRIDE)
      this.#numbers[at + LEVEL] = Number.NaN
  }

  forgetAll(): void {
    this.forget(0, this.#numbers.length / STRIDE)
  }

  /** Finds the median of the changes that are known. */
  #renew(at: number): void {
    const numbers = this.#numbers
    const known = Math.min(numbers[at + CHANGES] as number, WINDOW)
    const sorted = this.#sorted
    // By insertion: a sort of the language's would make objects.
    for (let i = 0; i < known; i++) {
      const next = numbers[at + STRIDE - WINDOW + i] as number
      let place = i
      for (; place > 0 && (sorted[place - 1] as number) > next; place--) sorted[place] = sorted[place - 1] as number
      sorted[place] = next
    }
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
