/**
 * Tells a stall from a quiet market: nothing came on any line for 3 s, and in each of the seconds before that there was plenty. A feed
 * that is silent so long now and then, and lives, teaches that three times its longest such silence is usual.
 */

const STALL_S = 3
/** Seconds before the silence ... */
const BUSY_S = 3
/** ... in each of which so many ticks came. */
const BUSY_TICKS = 20
const LONGEST_TIMES = 3
/** What was learned of longest silences fades by half in so many seconds. */
const FADING_S = 600

export class StallMeter {
  #ticks = 0
  /** Of the last seconds in which some came. */
  readonly #busy: number[] = []
  #silentS = 0
  #wasBusy = false
  #longestS = 0

  /** A second has passed; `ticks` received so far. True in the second in which a stall is noticed. */
  second(ticks: number): boolean {
    const came = ticks - this.#ticks
    this.#ticks = ticks
    this.#longestS *= 0.5 ** (1 / FADING_S)
    if (came > 0) {
      if (this.#wasBusy && this.#silentS >= STALL_S) this.#longestS = Math.max(this.#longestS, this.#silentS)
      // Silence of less than that belongs to the usual rhythm of a feed.
      if (this.#silentS > 0) this.#busy.length = 0
      this.#silentS = 0
      this.#busy.push(came)
      if (this.#busy.length > BUSY_S) this.#busy.shift()
      return false
    }
    if (this.#silentS === 0) this.#wasBusy = this.#busy.length === BUSY_S && this.#busy.every((one) => one >= BUSY_TICKS)
    this.#silentS++
    return this.#wasBusy && this.#silentS === Math.max(STALL_S, Math.ceil(LONGEST_TIMES * this.#longestS))
  }

  /** What was counted so far says nothing any more. */
  reset(): void {
    this.#busy.length = 0
    this.#silentS = 0
    this.#wasBusy = false
  }
}
