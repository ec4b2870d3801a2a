/**
 * The journal as it lies on disk, segments that were put away included, to be compared with the database. Reads only: safe beside a
 * collector that writes it.
 */

import { readBlocks } from '../../db/tape/reader.ts'
import { RecordCursor } from '../../db/tape/codec/decode.ts'
import type { JournaledBlock, JournalOnDisk } from '../../db/verify/journal-cursor.ts'
import type { Contract } from '../../market/contract.ts'
import { TapedeckError } from '../../market/errors.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { releasedPath, segmentsOnDisk } from './directory.ts'

type Segment = Awaited<ReturnType<typeof segmentsOnDisk>>[number]

/**
 * What is there now: to be called before the database is looked at, so that what is put away by then is in it.
 *
 * A folder that is not there has no sessions.
 */
export async function journalOnDisk(directory: string): Promise<JournalOnDisk> {
  const segments = await segmentsOnDisk(directory)
  return {
    sessions: [...new Set(segments.map(({ sessionId }) => sessionId))],
    blocks: (sessionId) =>
      blocksOf(
        directory,
        segments.filter((segment) => segment.sessionId === sessionId),
      ),
  }
}

async function* blocksOf(directory: string, segments: readonly Segment[]): AsyncGenerator<JournaledBlock> {
  const contracts = new Map<number, Contract>()
  const contractOf = (instrument: number) => contracts.get(instrument)
  let lastSeq = 0
  for (const { path: found, isReleased } of segments) {
    // It may be put away, or deleted as old, while this reads.
    for (const path of [found, releasedPath(directory, found)])
      try {
        // What is damaged is missing between two blocks, and is seen there.
        for await (const { batchNo, payload } of readBlocks(path, { onDamage: () => undefined })) {
          const records = recordsOf(payload)
          for (const record of records) if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
          // A segment that was begun behind a failed write repeats what may have been in the one before.
          const fresh = batchNo === 0 ? [] : records.filter(({ seq }) => seq > lastSeq)
          lastSeq = fresh.at(-1)?.seq ?? lastSeq
          if (fresh.length > 0) yield { path, batchNo, isReleased, records: fresh, contractOf }
        }
        break
      } catch (error) {
        if (!(error instanceof TapedeckError)) throw error
      }
  }
}

/** Those that can be read: what is behind them in the block is missing then. */
function recordsOf(payload: Uint8Array): TapeRecord[] {
  const records: TapeRecord[] = []
  try {
    for (const cursor = new RecordCursor(payload); cursor.next(); ) records.push(cursor.record())
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
  }
  return records
}
