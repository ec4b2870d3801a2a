/**
 * The pauses between attempts to connect: they grow from half a second to half a minute, with jitter, while attempts fail or links
 * do not last, and no more than four attempts begin in any minute. A gateway that serves for a second and drops is no better than one
 * that does not answer: asking it for everything again at once, and again, keeps it from coming up. Only a link that has lasted makes
 * the next pause short again.
 *
 * States: connecting (`attempt`; attempts counted) -> up (`up`) -> connecting (`failed`). The time is monotonic.
 */

const DELAYS = {
  firstMs: 500,
  /** From one pause to the next, until `lastMs`. */
  factor: 4,
  lastMs: 30_000,
  /** A link that was up for so long has lasted. */
  lastingMs: 60_000,
  /** The server frees the id of a client that is gone only after a while; until then every attempt is refused (326). */
  idInUseMs: 15_000,
  /** So many attempts may begin in a minute. */
  attemptsPerMinute: 4,
}

export type BackoffDelays = typeof DELAYS

const MINUTE_MS = 60_000
/** Added, up to this, to the wait for the end of a minute: several collectors must not come in step. */
const MINUTE_JITTER_MS = 3000

export class Backoff {
  readonly #delays: BackoffDelays
  /** When the last attempts began; as many as may begin in a minute. */
  #attemptsMs: number[] = []
  /** Attempts that failed since the last link. */
  #failed = 0
  /** Links in a row that did not last. */
  #short = 0
  #upMs: number | undefined

  constructor(delays: Partial<BackoffDelays> = {}) {
    this.#delays = { ...DELAYS, ...delays }
  }

  /** An attempt begins. */
  attempt(): void {
    this.#attemptsMs = [...this.#attemptsMs, performance.now()].slice(-this.#delays.attemptsPerMinute)
  }

  up(): void {
    this.#failed = 0
    this.#upMs = performance.now()
  }

  /** A link that was up for so long has lasted. */
  get lastingMs(): number {
    return this.#delays.lastingMs
  }

  /** True while one link after the other is lost before it has lasted. */
  get isFlapping(): boolean {
    return this.#short > 1
  }

  /** The attempt failed or the link was lost: the number of the next attempt, and the pause before it. */
  failed(clientIdInUse: boolean): { attempt: number; retryMs: number } {
    const { firstMs, factor, lastMs, lastingMs, idInUseMs } = this.#delays
    let steps: number
    if (this.#upMs === undefined) steps = this.#short + ++this.#failed
    else if (performance.now() - this.#upMs >= lastingMs) steps = this.#short = 0
    else steps = this.#short++
    this.#upMs = undefined
    const ceilingMs = Math.min(firstMs * factor ** steps, lastMs)
    const retryMs = Math.max(Math.round(ceilingMs * (0.5 + Math.random() / 2)), this.#minuteMs())
    return { attempt: this.#failed + 1, retryMs: clientIdInUse ? Math.max(retryMs, idInUseMs) : retryMs }
  }

  /** Until one more attempt may begin in this minute; 0 when it may now. */
  #minuteMs(): number {
    const [first] = this.#attemptsMs
    if (first === undefined || this.#attemptsMs.length < this.#delays.attemptsPerMinute) return 0
    const leftMs = first + MINUTE_MS - performance.now()
    return leftMs <= 0 ? 0 : Math.ceil(leftMs + Math.random() * MINUTE_JITTER_MS)
  }
}
