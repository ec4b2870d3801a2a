/**
 * Takes closed batches from the journal to the database over 1..N lanes, each batch in one transaction and exactly once (how:
 * db/write/tick-store.ts), and releases journal segments when all of their batches are committed, oldest first: what is left in the
 * journal is whole. While the database is away, batches wait in the journal; each lane retries its own batch, in order, until it is
 * committed. Nothing is ever given up here: only `stop` leaves batches behind, in the journal. What the journal's disk has damaged,
 * and a record that cannot be decoded, is left out of its batch, named there by a gap and counted as dropped; the rest is written.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import PQueue from 'p-queue'

import type { Contract } from '../../market/contract.ts'
import { type DamagedBlocks, JOURNAL_DAMAGED, type JournalBatch, loadBlocks, type LoadedBatch, type SegmentRef } from '../journal/batch.ts'
import { withoutUnreadable } from '../journal/unreadable-records.ts'
import { TapedeckError } from '../../market/errors.ts'
import type { Counts } from '../telemetry/counts.ts'
import { ChainPlaces, type Place } from './chain-places.ts'

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
    batch: { sessionId: number; batchNo: number; blocks: Uint8Array[]; place: Place },
    contractOf: (instrument: number) => Contract | undefined,
  ) => Promise<StoredBatch>
  counts: Counts
  /** Puts a segment away, all of which is committed. */
  release: (segment: SegmentRef) => Promise<void>
  onCommit: (batch: JournalBatch, stored: StoredBatch) => void
  /** So many ticks of a committed batch are in no table. */
  onVanished: (ticks: number) => void
  /** Blocks of a committed batch could not be read back from the journal: their ticks are lost, and a gap names their time. */
  onDamaged: (damaged: DamagedBlocks, batch: JournalBatch) => void
  /** A batch could not be written and will be tried again after `retryMs`. */
  onRetry: (error: unknown, retryMs: number, batch: JournalBatch) => void
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
/** A file of the journal that is gone may be put back; it is waited for during so many attempts. */
const PATIENT_ATTEMPTS = 5

export class Writer {
  readonly #options: WriterOptions
  readonly #queue: PQueue
  readonly #abort = new AbortController()
  /** Closed segments that are not released, in the order in which they were written. */
  readonly #closed: SegmentRef[] = []
  /** In the order in which they came. */
  readonly #pendingSinceMs = new Map<JournalBatch, number>()
  readonly #places = new ChainPlaces()
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
    const place = this.#places.add(batch.sessionId, batch.batchNo, source.recovered ?? false)
    void this.#queue.add(() => this.#write(batch, source, place).finally(() => place.abandon()))
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

  async #write(batch: JournalBatch, { contractOf, freed, recovered }: BatchSource, place: Place): Promise<void> {
    const { signal } = this.#abort
    const { sessionId, batchNo } = batch
    let failed = false
    let attempts = 0
    // Read once: the batches behind it are chained to what was found the first time.
    let loaded: LoadedBatch | undefined
    let isUnreadable = false
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      let stored: StoredBatch
      try {
        loaded ??= await loadBlocks(batch, attempts++ >= PATIENT_ATTEMPTS)
        if (isUnreadable) loaded = withoutUnreadable(batch, loaded)
        stored = await this.#options.store({ sessionId, batchNo, blocks: loaded.payloads, place }, contractOf)
      } catch (error) {
        if (!failed) this.#failing++
        failed = true
        isUnreadable = error instanceof TapedeckError && error.code === 'tape-corrupt'
        // Lanes that failed together must not come back together.
        const jitteredMs = retryMs * (0.5 + Math.random() / 2)
        this.#options.onRetry(error, jitteredMs, batch)
        await sleep(jitteredMs, undefined, { signal }).catch(() => undefined)
        continue
      }
      if (failed) this.#failing--
      this.#committed(batch, stored, loaded.damaged, recovered ?? false)
      freed?.(batch.blocks.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0))
      return
    }
  }

  #committed(batch: JournalBatch, stored: StoredBatch, damaged: readonly DamagedBlocks[], recovered: boolean): void {
    const { counts, onCommit, onVanished } = this.#options
    const missing = batch.ticks - stored.acceptedTicks - stored.quarantinedTicks
    // An attempt of unknown outcome may have written blocks that were damaged only since.
    const lost = Math.min(
      missing,
      damaged.reduce((sum, { ticks }) => sum + ticks, 0),
    )
    if (missing > lost) onVanished(missing - lost)
    this.#waitingSinceMs = performance.now()
    this.#uncommitted--
    this.#pendingSinceMs.delete(batch)
    if (stored.alreadyCommitted) counts.batches.alreadyCommitted++
    else counts.batches.committed++
    if (recovered) counts.recovered.committed += batch.ticks
    else {
      counts.settled += batch.ticks
      counts.written += stored.acceptedTicks
      counts.quarantined += stored.quarantinedTicks
      this.#countDropped(JOURNAL_DAMAGED, lost)
      this.#countDropped(VANISHED, missing - lost)
    }
    this.#noteDamage(batch, stored, damaged)
    onCommit(batch, stored)
    for (const segment of new Set(batch.blocks.map((block) => block.segment))) segment.uncommitted--
    this.#release()
  }

  #countDropped(reason: string, ticks: number): void {
    const { dropped } = this.#options.counts
    if (ticks > 0) dropped.set(reason, (dropped.get(reason) ?? 0) + ticks)
  }

  #noteDamage(batch: JournalBatch, { alreadyCommitted }: StoredBatch, damaged: readonly DamagedBlocks[]): void {
    for (const place of damaged) {
      place.segment.damage ??= place.reason
      if (!alreadyCommitted) this.#options.onDamaged(place, batch)
    }
  }

  #release(): void {
    const { release, onReleaseError } = this.#options
    while (this.#closed[0]?.uncommitted === 0) {
      const segment = this.#closed.shift() as SegmentRef
      this.#releasing = this.#releasing.then(() => release(segment)).catch((error: unknown) => onReleaseError(error, segment))
    }
  }
}
