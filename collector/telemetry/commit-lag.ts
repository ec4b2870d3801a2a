/** How far the database is behind the socket, as the last commit showed. */

import type { JournalBatch } from '../journal/batch.ts'

export class CommitLag {
  #lagMs = 0
  #hasCommitted = false

  /** From the arrival of the oldest record of the last committed batch to its commit; undefined before the first one. */
  get lastMs(): number | undefined {
    return this.#hasCommitted ? this.#lagMs : undefined
  }

  /** Returns the batch's age, undefined for one that was found in the journal. */
  committed({ openedMs }: JournalBatch): number | undefined {
    this.#hasCommitted = true
    if (openedMs === undefined) return undefined
    this.#lagMs = performance.now() - openedMs
    return this.#lagMs
  }
}
