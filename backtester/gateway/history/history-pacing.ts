/** How often IB answers requests for history, of all clients together: its rules for bars of 30 seconds and less. */

const IDENTICAL_MS = 15_000
const BURST_MS = 2000
/** Of one contract, exchange and kind of data within the time of a burst; one more is too many. */
const BURST_REQUESTS = 5
const PERIOD_MS = 600_000
const PERIOD_REQUESTS = 60

interface Asked {
  atMs: number
  /** Everything that was asked. */
  whole: string
  /** Contract, exchange and kind of data. */
  series: string
  weight: number
}

export class HistoryPacing {
  readonly #scale: number
  #asked: Asked[] = []

  /** `scale`: of the times. */
  constructor(scale = 1) {
    this.#scale = scale
  }

  /**
   * True when one more request may be answered, which then counts.
   *
   * @param weight 2 for bid and ask together, else 1.
   */
  take(whole: string, series: string, weight: number, nowMs: number): boolean {
    this.#asked = this.#asked.filter(({ atMs }) => nowMs - atMs < PERIOD_MS * this.#scale)
    const within = (ms: number) => this.#asked.filter(({ atMs }) => nowMs - atMs < ms * this.#scale)
    const isRepeated = within(IDENTICAL_MS).some((asked) => asked.whole === whole)
    const isBurst = within(BURST_MS).filter((asked) => asked.series === series).length >= BURST_REQUESTS
    const total = this.#asked.reduce((sum, asked) => sum + asked.weight, weight)
    if (isRepeated || isBurst || total > PERIOD_REQUESTS) return false
    this.#asked.push({ atMs: nowMs, whole, series, weight })
    return true
  }
}
