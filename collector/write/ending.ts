/**
 * The end of a recording, behind the feed: waits until the disk has the last records, then until the database has them, and says what it
 * waits for, at once and every few seconds. Both together have the drain time-out; a second signal ends the wait at once.
 *
 * What the disk did not take by then is lost and counted; the newest segment stays in the journal, so that the next start finds the
 * session open and names the gap. What the database did not take stays in the journal for the next start.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { aborted, finishedBefore } from '../../system/abort.ts'
import type { JournalBound } from '../journal/bound.ts'
import type { Counts } from '../telemetry/counts.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { Writer } from './writer.ts'

export interface EndingOptions {
  writer: Writer
  bound: JournalBound
  counts: Counts
  journalDirectory: string
  /** Aborted: stop waiting. */
  force: AbortSignal
  timeoutMs: number
  events: Pick<Events, 'waitingForDisk' | 'waitingForDatabase' | 'leftInJournal'>
}

const SAY_EVERY_MS = 3000
/** A disk that answers within this is not worth a word. */
const FIRST_WORD_MS = 500
/** A write or a statement that hangs must not hold the exit up: its rows are in the journal, or the next start names them. */
const ABANDON_MS = 3000

export class Ending {
  readonly #options: EndingOptions
  readonly #giveUp = new AbortController()
  #deadlineMs = Number.POSITIVE_INFINITY

  constructor(options: EndingOptions) {
    this.#options = options
    void aborted(options.force).then(() => this.#giveUp.abort())
  }

  /** Aborted: neither disk nor database is waited for any more. */
  get giveUp(): AbortSignal {
    return this.#giveUp.signal
  }

  /**
   * @param ended resolves when everything is on disk, or given up
   * @param derived resolves when what was derived from it is in the database, or given up
   */
  async run(ended: () => Promise<unknown>, derived: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    const { timeoutMs, writer, counts, events } = this.#options
    this.#deadlineMs = performance.now() + timeoutMs
    const timeout = setTimeout(() => this.#giveUp.abort(), timeoutMs)
    try {
      await this.#saying(() => this.#sayDisk(), finishedBefore(this.giveUp, ABANDON_MS, ended()))
      const stored = Promise.all([writer.drained(), derived()])
      await this.#saying(() => this.#sayDatabase(), Promise.race([stored, aborted(this.giveUp)]))
      await Promise.race([writer.stop(), sleep(ABANDON_MS, undefined, { ref: false })])
    } finally {
      clearTimeout(timeout)
    }
    const ticks = counts.inFlight + counts.recovered.found - counts.recovered.committed
    if (writer.uncommitted > 0) events.leftInJournal({ ticks, batches: writer.uncommitted })
  }

  async #saying(say: () => void, wait: Promise<unknown>): Promise<void> {
    // What is known to wait is said at once.
    if (this.#options.bound.diskFails) say()
    const first = setTimeout(say, FIRST_WORD_MS)
    const again = setInterval(say, SAY_EVERY_MS)
    try {
      await wait
    } finally {
      clearTimeout(first)
      clearInterval(again)
    }
  }

  get #secondsLeft(): number {
    return Math.max(0, Math.round((this.#deadlineMs - performance.now()) / 1000))
  }

  #sayDisk(): void {
    const { bound, journalDirectory, events } = this.#options
    const { waitingTicks: ticks, fault } = bound
    events.waitingForDisk({ ticks, directory: journalDirectory, fault, secondsLeft: this.#secondsLeft })
  }

  #sayDatabase(): void {
    const { counts, writer, events } = this.#options
    events.waitingForDatabase({ ticks: counts.inFlight, batches: writer.pending, secondsLeft: this.#secondsLeft })
  }
}
