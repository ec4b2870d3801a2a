/**
 * What option values rest on beside prices: rates, dividends, borrow fees, as their sources give them. The tape has them as records, each
 * session anew, so that a replay sees what was known. The settings only stand in where no other source knows better.
 */

import { carryKey, type CarryRecord } from '../../market/tick.ts'

/** A carry record without what the recorder gives it; without `asOf` it is of the day on which it is recorded. */
export type CarryInput = CarryRecord extends infer T
  ? T extends CarryRecord
    ? Omit<T, 'kind' | 'seq' | 'tsUs' | 'asOf'> & { asOf?: string }
    : never
  : never

/** Source of what the settings say. */
export const STAND_IN = 'settings'

export class CarryInputs {
  readonly #known = new Map<string, CarryInput>()

  /** What each session begins with. */
  get all(): Iterable<CarryInput> {
    return this.#known.values()
  }

  /** Takes over what is news, and returns it. */
  take(inputs: readonly CarryInput[]): CarryInput[] {
    return inputs.filter((input) => {
      const key = carryKey(input as CarryRecord)
      const known = this.#known.get(key)
      if (known && input.source === STAND_IN && known.source !== STAND_IN) return false
      if (JSON.stringify(known) === JSON.stringify(input)) return false
      this.#known.set(key, input)
      return true
    })
  }
}
