/**
 * Notices the burst behind a stall: what waited somewhere between IB and us comes at once, stamped with the time at which it came.
 *
 * States: flowing -> flowing, or -> late (no line said anything for 3 s after a busy time, and now one does) -> flowing (a pause of 20 ms,
 * or a second of burst). A feed that was not busy is silent for seconds at a time anyway.
 */

const STALL_MS = 3000
/** A longer silence is no stall: nothing waits that long without IB naming the loss of its link. */
const LONGEST_STALL_MS = 60_000
const PAUSE_MS = 20
const LONGEST_BURST_MS = 1000
/** So many messages within a window make a time busy: at five a second, chance makes a silence of 3 s once in four weeks. */
const BUSY_MESSAGES = 100
const WINDOW_MS = 10_000

export class StallWatch {
  #lastMs = Number.NaN
  #lateSinceMs = Number.NaN
  #windowMs = Number.NaN
  #inWindow = 0
  #inWindowBefore = 0

  /** Takes the arrival of a message of any line. Returns true when it belongs to the burst behind a stall. */
  take(arrivalMs: number): boolean {
    const pauseMs = arrivalMs - this.#lastMs
    this.#lastMs = arrivalMs
    const isStall = pauseMs >= STALL_MS && pauseMs <= LONGEST_STALL_MS
    if (isStall && Math.max(this.#inWindow, this.#inWindowBefore) >= BUSY_MESSAGES) this.#lateSinceMs = arrivalMs
    else if (pauseMs >= PAUSE_MS || arrivalMs - this.#lateSinceMs > LONGEST_BURST_MS) this.#lateSinceMs = Number.NaN
    this.#count(arrivalMs)
    return !Number.isNaN(this.#lateSinceMs)
  }

  #count(arrivalMs: number): void {
    const sinceMs = arrivalMs - this.#windowMs
    if (!(sinceMs < WINDOW_MS)) {
      this.#inWindowBefore = sinceMs < 2 * WINDOW_MS ? this.#inWindow : 0
      this.#inWindow = 0
      this.#windowMs = arrivalMs
    }
    this.#inWindow++
  }
}
