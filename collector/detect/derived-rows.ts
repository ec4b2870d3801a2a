/**
 * Takes rows that were derived from the recording to the database, apart from the recording: opportunities that are over, samples of parity.
 * Nothing waits for it. While the database is away the rows wait in memory, the oldest leave when there are too many, and so do those that
 * the database refuses for good: `tapedeck arb scan --write` makes them again from what was recorded.
 *
 *   idle -> a row comes -> storing -> all are stored -> idle
 *   storing -> the database is away -> waiting -> the pause is over -> storing
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { TapedeckError } from '../../market/errors.ts'
import { aborted } from '../../system/abort.ts'
import type { Events } from '../telemetry/events/index.ts'

export interface DerivedRowsOptions<T> {
  /** What they are, for people: `opportunities`. */
  name: string
  /** Stores them all or none; may be repeated with the same rows when its outcome is not known. */
  store: (rows: readonly T[]) => Promise<void>
  events: Pick<Events, 'derivedRowsUnstored' | 'derivedRowsStored' | 'derivedRowsLeft'>
  /** Aborted: what is not stored by then is left out. */
  giveUp: AbortSignal
  /** Most rows that wait. */
  limit?: number | undefined
  firstRetryMs?: number
}

const LIMIT = 10_000
const BATCH_ROWS = 500
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 60_000

export class DerivedRows<T> {
  readonly #options: DerivedRowsOptions<T>
  readonly #limit: number
  readonly #waiting: T[] = []
  /** On their way to the database. */
  #storing = 0
  #isPrepared = false
  #onPrepared: (() => void)[] = []
  #running: Promise<void> | undefined
  #stored = 0
  #left = 0

  constructor(options: DerivedRowsOptions<T>) {
    this.#options = options
    this.#limit = options.limit ?? LIMIT
  }

  /** Rows in the database. */
  get stored(): number {
    return this.#stored
  }

  /** Rows that were left out. */
  get leftOut(): number {
    return this.#left + (this.#options.giveUp.aborted ? this.#waiting.length : 0)
  }

  add(row: T): void {
    this.#waiting.push(row)
    this.#keepLimit()
    this.#run()
  }

  /** The database can be asked from now on. */
  prepared(): void {
    this.#isPrepared = true
    this.#run()
    for (const resolve of this.#onPrepared.splice(0)) resolve()
  }

  /** Resolves when all rows are stored, or given up. Waits for a database that cannot be asked yet, as the recording does. */
  async finish(): Promise<void> {
    const { name, events, giveUp } = this.#options
    await Promise.race([this.#allStored(), aborted(giveUp)])
    const rows = this.#waiting.length + this.#storing
    if (rows > 0) events.derivedRowsLeft({ name, rows })
  }

  async #allStored(): Promise<void> {
    if (this.#waiting.length > 0 && !this.#isPrepared) await new Promise<void>((resolve) => this.#onPrepared.push(resolve))
    await this.#running
  }

  #run(): void {
    if (this.#isPrepared && this.#waiting.length > 0) this.#running ??= this.#storeAll().finally(() => (this.#running = undefined))
  }

  /** Never rejects. */
  async #storeAll(): Promise<void> {
    const { name, store, events, giveUp, firstRetryMs = FIRST_RETRY_MS } = this.#options
    let retryMs = firstRetryMs
    while (this.#waiting.length > 0 && !giveUp.aborted) {
      const rows = this.#waiting.splice(0, BATCH_ROWS)
      this.#storing = rows.length
      try {
        await store(rows)
        this.#stored += rows.length
        retryMs = firstRetryMs
        events.derivedRowsStored({ name })
      } catch (error) {
        const isAway = error instanceof TapedeckError && error.retryable
        events.derivedRowsUnstored({ name, error, rows: rows.length, isAway })
        if (!isAway) {
          this.#left += rows.length
          continue
        }
        this.#storing = 0
        this.#waiting.unshift(...rows)
        this.#keepLimit()
        await sleep(retryMs, undefined, { signal: giveUp }).catch(() => undefined)
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
      } finally {
        this.#storing = 0
      }
    }
  }

  #keepLimit(): void {
    const tooMany = this.#waiting.length - this.#limit
    if (tooMany <= 0) return
    this.#waiting.splice(0, tooMany)
    this.#left += tooMany
  }
}
