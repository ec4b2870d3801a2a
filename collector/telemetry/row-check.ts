/**
 * Looks from time to time whether the newest committed rows are still in the database: what somebody deletes or truncates, or a dropped
 * chunk, is noticed by nothing else.
 */

import type { Events } from './events/index.ts'

export interface RowCheckOptions {
  /** Sessions that miss rows. Rejects while the database is away, which others report. */
  missingRows: () => Promise<readonly { sessionId: number; missing: number }[]>
  events: Events
  /** The shortest pause between two checks. */
  pauseMs?: number
}

const PAUSE_MS = 5000
/** A check takes longer the more rows there are: pausing for so many times its duration, it never has more than 2 % of one backend. */
const PAUSE_FACTOR = 50

export class RowCheck {
  readonly #options: RowCheckOptions
  #timer: NodeJS.Timeout | undefined
  #missing: number | undefined
  #isStopped = false

  constructor(options: RowCheckOptions) {
    this.#options = options
  }

  /** Rows that are gone; undefined before the first check. */
  get missing(): number | undefined {
    return this.#missing
  }

  start(): void {
    this.#pause(0)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #pause(durationMs: number): void {
    const { pauseMs = PAUSE_MS } = this.#options
    this.#timer = setTimeout(() => void this.#check(), Math.max(pauseMs, durationMs * PAUSE_FACTOR))
  }

  async #check(): Promise<void> {
    const { missingRows, events } = this.#options
    const startMs = performance.now()
    const sessions = await missingRows().catch(() => undefined)
    if (this.#isStopped) return
    this.#pause(performance.now() - startMs)
    if (!sessions) return
    this.#missing = sessions.reduce((sum, { missing }) => sum + missing, 0)
    events.rowsMissing({ rows: this.#missing, sessionIds: sessions.map(({ sessionId }) => sessionId) })
  }
}
