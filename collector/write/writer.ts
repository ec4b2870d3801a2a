/**
 * Takes closed batches from the journal to the database over 1..N lanes, each batch in one transaction, and releases journal
 * segments when all of their batches are committed, oldest first: what is left in the journal has no holes. While the database
 * is away, batches wait in the journal; each lane retries its own batch, in order, until it is committed. Nothing is ever given
 * up here: only `stop` leaves batches behind, in the journal.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import PQueue from 'p-queue'

import type { Contract } from '../../market/contract.ts'
import { type JournalBatch, loadBlocks, type SegmentRef } from '../journal/batch.ts'
import type { Counts } from '../telemetry/counts.ts'

/** What the tick store says of a batch that is in the database now. */
export interface StoredBatch {
  alreadyCommitted: boolean
  acceptedTicks: number
  quarantinedTicks: number
  refusedTicks: number
  commitMs: number
}

export interface WriterOptions {
  lanes: number
  store: (
    batch: { sessionId: number; batchNo: number; blocks: Uint8Array[] },
    contractOf: (instrument: number) => Contract | undefined,
  ) => Promise<StoredBatch>
  counts: Counts
  /** Puts a segment away, all of which is committed. */
  release: (segment: SegmentRef) => Promise<void>
  onCommit: (batch: JournalBatch, stored: StoredBatch) => void
  /** So many ticks of a committed batch are in no table. */
  onVanished: (ticks: number) => void
  /** A batch could not be written and will be tried again after `retryMs`. */
  onRetry: (error: unknown, retryMs: number) => void
  onReleaseError: (error: unknown, segment: SegmentRef) => void
}

interface BatchSource {
  contractOf: (instrument: number) => Contract | undefined
  /** Memory of payloads that are no longer needed. */
  freed?: (bytes: number) => void
  /** Found in the journal at start: counted apart from what this process received. */
  recovered?: boolean
}

/** Reason of the drop of rows that a trigger in the database let vanish. */
const VANISHED = 'vanished-in-database'
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000

export class Writer {
  readonly #options: WriterOptions
  readonly #queue: PQueue
  readonly #abort = new AbortController()
  /** Closed segments that are not released, in the order in which they were written. */
  readonly #closed: SegmentRef[] = []
  /** In the order in which they came. */
  readonly #pendingSinceMs = new Map<JournalBatch, number>()
  #releasing = Promise.resolve()
  #failing = 0
  #uncommitted = 0
  /** The last commit, or when the first batch after a pause came. */
  #waitingSinceMs = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#queue = new PQueue({ concurrency: options.lanes })
  }

  /** Batches that are not committed yet. */
  get pending(): number {
    return this.#queue.size + this.#queue.pending
  }

  /** Those of them that no lane has taken up. */
  get waiting(): number {
    return this.#queue.size
  }

  /** Batches that are not committed yet, and those that `stop` left behind. */
  get uncommitted(): number {
    return this.#uncommitted
  }

  /** How long a batch has been waiting without any being committed; 0 without a batch. */
  get waitedMs(): number {
    return this.pending === 0 ? 0 : performance.now() - this.#waitingSinceMs
  }

  /** Age of the oldest batch that is not committed, since it came; 0 without one. */
  get oldestMs(): number {
    const [since] = this.#pendingSinceMs.values()
    return since === undefined ? 0 : performance.now() - since
  }

  /** Lanes whose batch the database did not take at the last attempt. */
  get failing(): number {
    return this.#failing
  }

  add(batch: JournalBatch, source: BatchSource): void {
    if (this.pending === 0) this.#waitingSinceMs = performance.now()
    this.#uncommitted++
    this.#pendingSinceMs.set(batch, performance.now())
    void this.#queue.add(() => this.#write(batch, source))
  }

  segmentClosed(segment: SegmentRef): void {
    this.#closed.push(segment)
    this.#release()
  }

  /** Resolves when every batch is committed and every segment that can be released is. */
  async drained(): Promise<void> {
    await this.#queue.onIdle()
    await this.#releasing
  }

  /** Gives up waiting for the database; what is not committed stays in the journal for the next start. */
  async stop(): Promise<void> {
    this.#queue.clear()
    this.#abort.abort()
    await this.drained()
  }

  async #write(batch: JournalBatch, { contractOf, freed, recovered }: BatchSource): Promise<void> {
    const { signal } = this.#abort
    let failed = false
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      let stored: StoredBatch
      try {
        const blocks = await loadBlocks(batch)
        stored = await this.#options.store({ sessionId: batch.sessionId, batchNo: batch.batchNo, blocks }, contractOf)
      } catch (error) {
        if (!failed) this.#failing++
        failed = true
        // Lanes that failed together must not come back together.
        const jitteredMs = retryMs * (0.5 + Math.random() / 2)
        this.#options.onRetry(error, jitteredMs)
        await sleep(jitteredMs, undefined, { signal }).catch(() => undefined)
        continue
      }
      if (failed) this.#failing--
      this.#committed(batch, stored, recovered ?? false)
      freed?.(batch.blocks.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0))
      return
    }
  }

  #committed(batch: JournalBatch, stored: StoredBatch, recovered: boolean): void {
    const { counts, onCommit, onVanished } = this.#options
    const vanished = batch.ticks - stored.acceptedTicks - stored.quarantinedTicks
    if (vanished > 0) onVanished(vanished)
    this.#waitingSinceMs = performance.now()
    this.#uncommitted--
    this.#pendingSinceMs.delete(batch)
    if (stored.alreadyCommitted) counts.batches.alreadyCommitted++
    else counts.batches.committed++
    if (recovered) counts.recovered.committed += batch.ticks
    else {
      counts.inFlight -= batch.ticks
      counts.written += stored.acceptedTicks
      counts.quarantined += stored.quarantinedTicks
      if (vanished > 0) counts.dropped.set(VANISHED, (counts.dropped.get(VANISHED) ?? 0) + vanished)
    }
    onCommit(batch, stored)
    for (const segment of new Set(batch.blocks.map((block) => block.segment))) segment.uncommitted--
    this.#release()
  }

  #release(): void {
    const { release, onReleaseError } = this.#options
    while (this.#closed[0]?.uncommitted === 0) {
      const segment = this.#closed.shift() as SegmentRef
      this.#releasing = this.#releasing.then(() => release(segment)).catch((error: unknown) => onReleaseError(error, segment))
    }
  }
}
