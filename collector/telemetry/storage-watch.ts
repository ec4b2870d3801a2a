/**
 * Asks the database once a minute how its background jobs are doing: refreshes of aggregates, compression, retention. A database without
 * any (plain PostgreSQL, the Apache edition) has none, and nothing is said of it. While the database is away, which others report, the
 * last answer is forgotten rather than repeated.
 */

import type { StorageJob } from '../../db/read/queries/storage-jobs.ts'

export interface StorageWatchOptions {
  /** Rejects while the database is away. */
  storageJobs: () => Promise<readonly StorageJob[]>
  everyMs?: number | undefined
}

const EVERY_MS = 60_000

export class StorageWatch {
  readonly #options: StorageWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #jobs: readonly StorageJob[] = []

  constructor(options: StorageWatchOptions) {
    this.#options = options
  }

  /** Empty before the first answer. */
  get jobs(): readonly StorageJob[] {
    return this.#jobs
  }

  start(): void {
    void this.#ask()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    const jobs = await this.#options.storageJobs().catch(() => [])
    if (this.#isStopped) return
    this.#jobs = jobs
    // From the answer on: a slow database is not asked twice at once.
    this.#timer = setTimeout(() => void this.#ask(), this.#options.everyMs ?? EVERY_MS)
  }
}
