/**
 * The hole that is open now, if one is: from the last proof of life until the lines are back. Causes that come on top of each other
 * (the link drops while IB is away) are one hole, named after the first.
 */

export interface OutageOptions {
  record: (gap: { fromTsUs: number; toTsUs: number; cause: string }) => void
}

export class Outage {
  readonly #record: OutageOptions['record']
  #open: { fromTsUs: number; cause: string } | undefined

  constructor({ record }: OutageOptions) {
    this.#record = record
  }

  begin(fromTsUs: number, cause: string): void {
    this.#open ??= { fromTsUs, cause }
  }

  /** Names the hole. Without one, nothing happens. */
  end(toTsUs: number): void {
    if (!this.#open) return
    const { fromTsUs, cause } = this.#open
    this.#open = undefined
    this.#record({ fromTsUs, toTsUs, cause })
  }
}
