/** Records a session as a collector does, through its journal, its writer and the tick store, from records of the test's own making. */

import { join } from 'node:path'

import { releaseSegment } from '../../../collector/journal/directory.ts'
import { Journal } from '../../../collector/journal/journal.ts'
import { createCounts } from '../../../collector/telemetry/counts.ts'
import { Writer, type WriterOptions } from '../../../collector/write/writer.ts'
import { createPool } from '../../../db/pool.ts'
import { createTickStore } from '../../../db/write/tick-store.ts'
import type { Contract } from '../../../market/contract.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import { unexpected } from '../unexpected.ts'
import { everyRecord } from './records.ts'
import { quote } from './ticks.ts'
import { unbounded } from './unbounded.ts'

export interface ThroughJournal {
  url: string
  dataDir: string
  sessionId: number
  records: readonly TapeRecord[]
  /** Stands between the writer and the database. */
  store?: (store: WriterOptions['store'], url: string) => WriterOptions['store']
}

/** So many records to a batch. */
export const BATCH_ROWS = 20

/** Every kind of record, and some hundred quotes: the numbers are consecutive, from 1 on. */
export function wholeSession(firstTsUs: number, quotes = 300): TapeRecord[] {
  const all = everyRecord(firstTsUs)
  const [end] = all.splice(-1)
  const from = all.length
  const at = (i: number) => ({ seq: from + i + 1, tsUs: firstTsUs + (from + i) * 1_000_000 })
  for (let i = 0; i < quotes; i++) all.push({ ...quote(i + 1), ...at(i) })
  return end ? [...all, { ...end, ...at(quotes) }] : all
}

/** Returns when everything is in the database and in segments that are put away. */
export async function recordThroughJournal({
  url,
  dataDir,
  sessionId,
  records,
  store: wrap = (store) => store,
}: ThroughJournal): Promise<void> {
  const pool = createPool({ url, lanes: 2, logger: { warn: () => undefined } })
  const directory = join(dataDir, 'journal')
  const contracts = new Map<number, Contract>()
  const tickStore = createTickStore({ pool })
  const writer = new Writer({
    lanes: 2,
    counts: createCounts(),
    store: wrap((batch, contractOf) => tickStore.store(batch, contractOf), url),
    release: ({ path }) => releaseSegment(directory, path),
    onCommit: () => undefined,
    onVanished: () => undefined,
    onDamaged: unexpected,
    onRetry: (error) => {
      throw error
    },
    onReleaseError: unexpected,
  })
  const journal: Journal = new Journal({
    directory,
    sessionId,
    bound: unbounded(),
    batchRows: BATCH_ROWS,
    batchMs: 600_000,
    fsyncMs: 1,
    segmentBytes: 6000,
    onBatch: (batch) => writer.add(batch, { contractOf: (i) => contracts.get(i), freed: (bytes) => journal.released(bytes) }),
    onSegmentClosed: (segment) => writer.segmentClosed(segment),
    onSync: () => undefined,
    onError: unexpected,
  })
  for (const [i, record] of records.entries()) {
    if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
    journal.append(record)
    // Batches are to spread over several segments.
    if (i % 50 === 49) await journal.durable()
  }
  await journal.close()
  await writer.drained()
  await pool.end()
}
