/**
 * The hole that is open now, if one is: from the last proof of life until the lines are back. Causes that come on top of each other
 * (the link drops while IB is away) are one hole, named after the first.
 */

export interface Hole {
  fromTsUs: number
  cause: string
}

export interface OutageOptions {
  record: (gap: Hole & { toTsUs: number }) => void
}

export class Outage {
  readonly #record: OutageOptions['record']
  #open: Hole | undefined

  constructor({ record }: OutageOptions) {
    this.#record = record
  }

  get open(): Readonly<Hole> | undefined {
    return this.#open
  }

  /** False when a hole is open already. */
  begin(fromTsUs: number, cause: string): boolean {
    if (this.#open) return false
    this.#open = { fromTsUs, cause }
    return true
  }

  /** Names the hole. Without one, nothing happens. */
  end(toTsUs: number): void {
    if (!this.#open) return
    const { fromTsUs, cause } = this.#open
    this.#open = undefined
    this.#record({ fromTsUs, toTsUs, cause })
  }
}
