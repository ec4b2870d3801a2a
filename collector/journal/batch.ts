/** A batch: the rows that go to the database in one transaction, as blocks of one journal segment or two. */

import { type FileHandle, open } from 'node:fs/promises'

import { BLOCK_HEAD_BYTES } from '../../db/tape/segment.ts'

export interface BlockRef {
  segment: SegmentRef
  /** Byte offset of the block's head in the segment. */
  offset: number
  payloadBytes: number
  /** The payload, while it is still in memory; read from the segment otherwise. */
  payload?: Uint8Array | undefined
}

/** A journal file and what of it is not in the database yet. */
export interface SegmentRef {
  path: string
  /** Of the file. */
  bytes: number
  /** Batches with blocks in this segment that are not committed. */
  uncommitted: number
  /** No more blocks will be added. */
  closed: boolean
}

export interface JournalBatch {
  sessionId: number
  /** From 1 within its session; fixed once the batch is handed out. */
  batchNo: number
  /** Ticks in it; other records are not counted. */
  ticks: number
  blocks: BlockRef[]
  /** `performance.now()` of its first record; absent for a batch found in the journal. */
  openedMs?: number
}

/** Brings the payloads of all blocks of a batch into memory. */
export async function loadBlocks(batch: JournalBatch): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = []
  let file: FileHandle | undefined
  let path: string | undefined
  try {
    for (const block of batch.blocks) {
      if (block.payload) {
        payloads.push(block.payload)
        continue
      }
      if (path !== block.segment.path) {
        await file?.close()
        path = block.segment.path
        file = await open(path, 'r')
      }
      // A buffer of its own, so that the records stay 8-byte aligned.
      const payload = Buffer.from(new ArrayBuffer(block.payloadBytes))
      const result = await file?.read(payload, 0, payload.length, block.offset + BLOCK_HEAD_BYTES)
      if (result?.bytesRead !== payload.length) throw new Error(`${path} ends inside the block at byte ${block.offset}.`)
      payloads.push(payload)
    }
  } finally {
    await file?.close()
  }
  return payloads
}
