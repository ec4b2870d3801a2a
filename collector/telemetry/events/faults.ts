/** Faults that last. One that repeats at every attempt is logged when it begins, when its reason changes and when it ends. */

export class Faults {
  readonly #reasons = new Map<string, string>()

  /** True when the fault is new, or has another reason than before. */
  begin(name: string, reason: string): boolean {
    if (this.#reasons.get(name) === reason) return false
    this.#reasons.set(name, reason)
    return true
  }

  /** True when there was one. */
  end(name: string): boolean {
    return this.#reasons.delete(name)
  }
}
