/**
 * Keeps the journal's folder: puts segments away that the database has, and deletes them after `keepDays`, or sooner, oldest first, when the disk is
 * full. The database has what is in them, and the disk has no room for what it has not.
 */

import { isDiskFull } from '../../system/durable-files.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { SegmentRef } from './batch.ts'
import type { JournalBound } from './bound.ts'
import { pruneOldest, pruneReleased, putAway } from './directory.ts'

export interface HousekeepingOptions {
  directory: string
  keepDays: number
  bound: JournalBound
  events: Events
}

const PRUNE_MS = 3_600_000

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #keepDays: number
  #timer: NodeJS.Timeout | undefined

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#keepDays = options.keepDays
  }

  configure({ keepDays }: { keepDays: number }): void {
    this.#keepDays = keepDays
  }

  /** Deletes what is too old now, and from then on every hour. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#prune(), PRUNE_MS)
    await this.#prune()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Everything in the segment is in the database. */
  async release(segment: SegmentRef): Promise<void> {
    const { directory, bound } = this.#options
    await putAway(directory, segment)
    bound.forget(segment)
  }

  /** The journal could not be written: makes room when that is for want of it. */
  makeRoom(error: unknown): void {
    if (isDiskFull(error)) void this.#report(pruneOldest(this.#options.directory))
  }

  #prune(): Promise<void> {
    return this.#report(pruneReleased(this.#options.directory, this.#keepDays, Date.now()))
  }

  async #report(deleting: Promise<number>): Promise<void> {
    const { events } = this.#options
    try {
      events.segmentsPruned({ segments: await deleting })
    } catch (error) {
      events.pruneFailed({ error })
    }
  }
}
