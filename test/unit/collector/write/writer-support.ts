/** Writers before a database of the test's own making, and batches for them. */

import type { JournalBatch, SegmentRef } from '../../../../collector/journal/batch.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { type StoredBatch, Writer, type WriterOptions } from '../../../../collector/write/writer.ts'
import { unexpected } from '../../../support/unexpected.ts'

export const contractOf = () => undefined

/** A batch of one block in memory, of so many ticks. */
export function batchOf(batchNo: number, segments: SegmentRef[], ticks = 1): JournalBatch {
  for (const segment of segments) segment.uncommitted++
  const content = { records: 1, ticks, firstSeq: 1, firstTsUs: 1, lastTsUs: 1 }
  const blocks = segments.map((segment) => ({ segment, offset: 0, bytes: 56, ...content, payload: new Uint8Array(8) }))
  return { sessionId: 1, batchNo, ticks, blocks }
}

export function segmentOf(path: string): SegmentRef {
  return { path, bytes: 0, uncommitted: 0, closed: false }
}

export function stored(batch: Partial<StoredBatch> = {}): StoredBatch {
  return { alreadyCommitted: false, acceptedTicks: 1, quarantinedTicks: 0, refusedTicks: 0, commitMs: 1, ...batch }
}

export function writerWith(store: WriterOptions['store'], options: Partial<WriterOptions> = {}) {
  const counts = createCounts()
  const released: string[] = []
  const committed: number[] = []
  const retries: { error: unknown; retryMs: number }[] = []
  const releaseErrors: string[] = []
  const vanished: number[] = []
  const writer = new Writer({
    lanes: 1,
    store,
    counts,
    release: async ({ path }) => void released.push(path),
    onCommit: ({ batchNo }) => committed.push(batchNo),
    onVanished: (ticks) => vanished.push(ticks),
    onDamaged: unexpected,
    onRetry: (error, retryMs) => retries.push({ error, retryMs }),
    onReleaseError: (_, { path }) => releaseErrors.push(path),
    ...options,
  })
  return { writer, counts, released, committed, retries, releaseErrors, vanished }
}
