/** Faults that last. One that repeats at every attempt is logged when it begins, when its reason changes and when it ends. */

export class Faults {
  readonly #reasons = new Map<string, Set<string>>()

  /** True when the fault is new, or has another reason than at the last attempt. */
  begin(name: string, reason: string): boolean {
    if (this.#reasons.get(name)?.has(reason)) return false
    this.#reasons.set(name, new Set([reason]))
    return true
  }

  /** The same of a fault that may have several reasons at once: true for each that is new since it began. */
  add(name: string, reason: string): boolean {
    const reasons = this.#reasons.get(name)
    if (!reasons) return this.begin(name, reason)
    if (reasons.has(reason)) return false
    reasons.add(reason)
    return true
  }

  /** True when there was one. */
  end(name: string): boolean {
    return this.#reasons.delete(name)
  }
}
