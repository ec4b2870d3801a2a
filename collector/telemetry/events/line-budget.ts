/** Keeps one kind of event from filling the log: so many lines a minute, and the next line says how many were left out. */

const LINES = 10
const MINUTE_MS = 60_000

export class LineBudget {
  #fromMs = Number.NEGATIVE_INFINITY
  #taken = 0
  #leftOut = 0

  /** How many lines were left out before this one; undefined when this one is to be left out, too. */
  take(nowMs: number): number | undefined {
    if (nowMs - this.#fromMs >= MINUTE_MS) {
      this.#fromMs = nowMs
      this.#taken = 0
    }
    if (this.#taken === LINES) {
      this.#leftOut++
      return undefined
    }
    this.#taken++
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return leftOut
  }
}
