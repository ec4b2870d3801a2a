/** A batch: the rows that go to the database in one transaction, as blocks of one journal segment or two. */

import { type FileHandle, open } from 'node:fs/promises'

import { BLOCK_HEAD_BYTES, decodeBlockHead } from '../../db/tape/segment.ts'

/** A block, or several that follow each other in the segment: an outage of days must not leave one of these for every block. */
export interface BlocksRef {
  segment: SegmentRef
  /** Byte offset of the first block's head in the segment. */
  offset: number
  /** Of all its blocks, heads included. */
  bytes: number
  /** The payload of its one block, while it is still in memory; read from the segment otherwise. */
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
  blocks: BlocksRef[]
  /** `performance.now()` of its first record; absent for a batch found in the journal. */
  openedMs?: number
}

/** Adds the next block to a batch. `payload` absent: it is only in the segment. */
export function addBlock(batch: JournalBatch, segment: SegmentRef, offset: number, payloadBytes: number, payload?: Uint8Array): void {
  const bytes = BLOCK_HEAD_BYTES + payloadBytes
  const last = batch.blocks.at(-1)
  if (last?.segment !== segment) segment.uncommitted++
  if (last?.segment === segment && !payload && !last.payload && last.offset + last.bytes === offset) last.bytes += bytes
  else batch.blocks.push({ segment, offset, bytes, payload })
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
      const bytes = Buffer.from(new ArrayBuffer(block.bytes))
      const result = await file?.read(bytes, 0, bytes.length, block.offset)
      if (result?.bytesRead !== bytes.length) throw new Error(`${path} ends inside the block at byte ${block.offset}.`)
      for (let at = 0; at < bytes.length; ) {
        const head = decodeBlockHead(bytes, at, block.offset + at)
        if (!head) throw new Error(`${path} has no block at byte ${block.offset + at} any more.`)
        at += BLOCK_HEAD_BYTES + head.payloadBytes
        payloads.push(bytes.subarray(at - head.payloadBytes, at))
      }
    }
  } finally {
    await file?.close()
  }
  return payloads
}
