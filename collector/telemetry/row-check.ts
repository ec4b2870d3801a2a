/**
 * Looks from time to time whether the newest committed rows are still in the database: what somebody deletes or truncates, or a dropped
 * chunk, is noticed by nothing else.
 */

import type { Events } from './events/index.ts'

export interface RowCheckOptions {
  /** Sessions that miss rows. Rejects while the database is away, which others report. */
  missingRows: () => Promise<readonly { sessionId: number; missing: number }[]>
  events: Events
  everyMs?: number
}

const EVERY_MS = 60_000

export class RowCheck {
  readonly #options: RowCheckOptions
  #timer: NodeJS.Timeout | undefined
  #missing: number | undefined

  constructor(options: RowCheckOptions) {
    this.#options = options
  }

  /** Rows that are gone; undefined before the first check. */
  get missing(): number | undefined {
    return this.#missing
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#check(), this.#options.everyMs ?? EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    const { missingRows, events } = this.#options
    const sessions = await missingRows().catch(() => undefined)
    if (!sessions) return
    this.#missing = sessions.reduce((sum, { missing }) => sum + missing, 0)
    events.rowsMissing({ rows: this.#missing, sessionIds: sessions.map(({ sessionId }) => sessionId) })
  }
}
