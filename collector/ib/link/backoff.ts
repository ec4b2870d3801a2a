/**
 * The pauses between attempts to connect: they double from half a second to half a minute, with jitter, while attempts fail or links
 * do not last. A gateway that serves for a second and drops is no better than one that does not answer: asking it for everything again
 * at once, and again, keeps it from coming up. Only a link that has lasted makes the next pause short again.
 *
 * States: connecting (attempts counted) -> up (`up`) -> connecting (`failed`). The time is monotonic.
 */

const DELAYS = {
  firstMs: 500,
  lastMs: 30_000,
  /** A link that was up for so long has lasted. */
  lastingMs: 60_000,
  /** The server frees the id of a client that is gone only after a while; until then every attempt is refused (326). */
  idInUseMs: 15_000,
}

export type BackoffDelays = typeof DELAYS

export class Backoff {
  readonly #delays: BackoffDelays
  /** Attempts that failed since the last link. */
  #failed = 0
  /** Links in a row that did not last. */
  #short = 0
  #upMs: number | undefined

  constructor(delays: Partial<BackoffDelays> = {}) {
    this.#delays = { ...DELAYS, ...delays }
  }

  up(): void {
    this.#failed = 0
    this.#upMs = performance.now()
  }

  /** The attempt failed or the link was lost: the number of the next attempt, and the pause before it. */
  failed(clientIdInUse: boolean): { attempt: number; retryMs: number } {
    const { firstMs, lastMs, lastingMs, idInUseMs } = this.#delays
    let doublings: number
    if (this.#upMs === undefined) doublings = this.#short + ++this.#failed
    else if (performance.now() - this.#upMs >= lastingMs) doublings = this.#short = 0
    else doublings = this.#short++
    this.#upMs = undefined
    const ceilingMs = Math.min(firstMs * 2 ** doublings, lastMs)
    const retryMs = Math.round(ceilingMs * (0.5 + Math.random() / 2))
    return { attempt: this.#failed + 1, retryMs: clientIdInUse ? Math.max(retryMs, idInUseMs) : retryMs }
  }
}
