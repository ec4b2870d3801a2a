/** What IB limits, with its figures; those of bars of 30 seconds and less are in history/history-pacing.ts. All times are of the wall. */

export interface Limits {
  /** Messages that one client may send per second on average; one more ends its connection with error 100. 0: any number. */
  messagesPerSecond: number
  /** Tick-by-tick lines that may be open at once, over all clients. */
  tickByTick: number
  /** One client gets the same tick-by-tick data not again within this time. 0: at once. */
  tickByTickAgainMs: number
  /** A second request for the time within this time is not answered. */
  timeAgainMs: number
  /** A snapshot that did not find both sides of the quote ends after so long. */
  snapshotMs: number
  /** History requests that one client may have open at once. */
  openHistories: number
  /** Refuses requests for bars of 30 seconds and less that come too often. */
  historyPacing: boolean
  /** The times of that pacing, in parts of IB's: clients that are tested need not wait ten minutes. */
  historyPacingScale: number
}

export const IB_LIMITS: Limits = {
  messagesPerSecond: 50,
  tickByTick: 5,
  tickByTickAgainMs: 15_000,
  timeAgainMs: 1000,
  snapshotMs: 11_000,
  openHistories: 50,
  historyPacing: true,
  historyPacingScale: 1,
}

/**
 * An average rate: a bucket that holds as many as the limit and fills up at the limit per second. A client that paces itself by the
 * second is never beyond it, however its messages bunch up on the way; one that sends more at once is.
 */
export class RateMeter {
  readonly #limit: number
  #left: number
  #atMs = Number.NEGATIVE_INFINITY

  /** `limit` per second; 0 for any number. */
  constructor(limit: number) {
    this.#limit = limit
    this.#left = limit
  }

  /** False when this is one too many. */
  take(nowMs: number): boolean {
    if (this.#limit === 0) return true
    this.#left = Math.min(this.#limit, this.#left + ((nowMs - this.#atMs) * this.#limit) / 1000)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
