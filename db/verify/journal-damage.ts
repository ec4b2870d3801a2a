/** The gaps that name what the journal lost: records that are missing in their time are no problem. */

/** A gap with the cause `journal-damaged`. */
export interface DamageGap {
  fromTsUs: number
  toTsUs: number
}

export class JournalDamage {
  readonly #read: () => Promise<readonly DamageGap[]>
  #gaps: Promise<readonly DamageGap[]> | undefined

  /** @param read of a session and of those behind it, whose start may have named what the session lost */
  constructor(read: () => Promise<readonly DamageGap[]>) {
    this.#read = read
  }

  /** A collector that records meanwhile may have named more. */
  readAgain(): void {
    this.#gaps = undefined
  }

  async touches(fromTsUs: number, toTsUs: number): Promise<boolean> {
    return (await this.#known()).some((gap) => gap.fromTsUs <= toTsUs && gap.toTsUs >= fromTsUs)
  }

  /** Whether one gap is at least as long on both sides. */
  async covers(fromTsUs: number, toTsUs: number): Promise<boolean> {
    return (await this.#known()).some((gap) => gap.fromTsUs <= fromTsUs && gap.toTsUs >= toTsUs)
  }

  #known(): Promise<readonly DamageGap[]> {
    this.#gaps ??= this.#read()
    return this.#gaps
  }
}
