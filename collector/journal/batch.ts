/**
 * A batch: the rows that go to the database in one transaction, as blocks of one journal segment or two. What is read back from a
 * segment is checked again: the disk may have changed it since it was written.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

import { RecordCursor } from '../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { BLOCK_HEAD_BYTES, decodeBlockHead } from '../../db/tape/file-layout.ts'
import { TapedeckError } from '../../market/errors.ts'

/** What a block holds. Seqs of a journal are consecutive, so the first one and the number of records name them all. */
export interface BlockContent {
  records: number
  ticks: number
  firstSeq: number
  firstTsUs: number
  lastTsUs: number
}

/** A block, or several that follow each other in the segment: an outage of days must not leave one of these for every block. */
export interface BlocksRef extends BlockContent {
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
  /** While it is open for writing: it can be read through this also when its name is gone. */
  file?: FileHandle | undefined
  /** Why it cannot be read whole. Set aside and not released when its batches are committed. */
  damage?: string
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

/** Records of a batch that its segment does not give back. */
export interface DamagedBlocks {
  segment: SegmentRef
  reason: string
  records: number
  ticks: number
  firstSeq: number
  /** Everything that is lost is of this time. */
  fromTsUs: number
  toTsUs: number
}

export interface LoadedBatch {
  /** Payloads in order; in the place of damaged blocks a gap that names their time. */
  payloads: Uint8Array[]
  damaged: DamagedBlocks[]
}

/** Cause of the gap that stands for damaged blocks, and the reason under which their ticks are counted as dropped. */
export const JOURNAL_DAMAGED = 'journal-damaged'
/**
 * The file is not there, or the disk does not give it: waiting longer will not bring it. Not what another process or a person can end
 * (EACCES, EPERM, EMFILE): the records are on the disk, and their session waits for them rather than losing them.
 */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO'])

/** Adds the next block to a batch. `payload` absent: it is only in the segment. */
export function addBlock(
  batch: JournalBatch,
  segment: SegmentRef,
  { offset, payloadBytes, ...content }: BlockContent & { offset: number; payloadBytes: number },
  payload?: Uint8Array,
): void {
  const bytes = BLOCK_HEAD_BYTES + payloadBytes
  const last = batch.blocks.at(-1)
  if (last?.segment !== segment) segment.uncommitted++
  const follows = last?.segment === segment && last.offset + last.bytes === offset && last.firstSeq + last.records === content.firstSeq
  if (last && follows && !payload && !last.payload) {
    last.bytes += bytes
    last.records += content.records
    last.ticks += content.ticks
    last.lastTsUs = content.lastTsUs
  } else batch.blocks.push({ segment, offset, bytes, ...content, payload })
}

/**
 * Brings the payloads of all blocks of a batch into memory. Damaged blocks are left out and described; no byte is given that fails its
 * checksum or stands in a wrong place.
 *
 * @param acceptLoss takes a file that is gone as damaged; without it that is thrown, as it may come back
 */
export async function loadBlocks(batch: JournalBatch, acceptLoss = true): Promise<LoadedBatch> {
  const loaded: LoadedBatch = { payloads: [], damaged: [] }
  const reader = new BlockReader()
  try {
    for (const ref of batch.blocks) {
      if (ref.payload) loaded.payloads.push(ref.payload)
      else await loadRef(batch.batchNo, ref, loaded, reader, acceptLoss)
    }
  } finally {
    await reader.close()
  }
  return loaded
}

async function loadRef(batchNo: number, ref: BlocksRef, loaded: LoadedBatch, reader: BlockReader, acceptLoss: boolean): Promise<void> {
  let bytes: Buffer = Buffer.alloc(0)
  let reason = 'blocks fail their checksum'
  try {
    bytes = await reader.read(ref)
    if (bytes.length < ref.bytes) reason = 'the file ends early'
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!acceptLoss || !GONE.has(code ?? '')) throw error
    reason = message
  }
  const parts: (Uint8Array | DamagedBlocks)[] = []
  let [seq, tsUs, lostTicks] = [ref.firstSeq, ref.firstTsUs - 1, ref.ticks]
  const expect = (nextSeq: number, nextTsUs: number) => {
    if (nextSeq <= seq) return
    const [records, toTsUs] = [nextSeq - seq, Math.max(nextTsUs, tsUs + 1)]
    parts.push({ segment: ref.segment, reason, records, ticks: 0, firstSeq: seq, fromTsUs: tsUs, toTsUs })
  }
  for (const block of goodBlocks(bytes, batchNo, ref)) {
    if (block.firstSeq < seq) continue
    expect(block.firstSeq, block.firstTsUs)
    parts.push(block.payload)
    seq = block.firstSeq + block.records
    tsUs = block.lastTsUs
    lostTicks -= block.ticks
  }
  expect(ref.firstSeq + ref.records, ref.lastTsUs)
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      loaded.payloads.push(part)
      continue
    }
    // How the lost ticks are spread over several damaged places of one ref is not known.
    part.ticks = lostTicks
    lostTicks = 0
    loaded.payloads.push(gapPayload(part))
    loaded.damaged.push(part)
  }
}

/** The gap takes the seq of the first lost record, which is free. */
export function gapPayload({ firstSeq, fromTsUs, toTsUs, ticks }: DamagedBlocks, tsUs = fromTsUs + 1): Uint8Array {
  const encoder = new RecordEncoder()
  const droppedTicks = ticks > 0 ? { droppedTicks: ticks } : {}
  encoder.append({ kind: 'gap', seq: firstSeq, tsUs, fromTsUs, toTsUs, cause: JOURNAL_DAMAGED, ...droppedTicks })
  return encoder.bytes()
}

/** The blocks of a batch that are whole and stand where they were put. Searches behind a damaged one for the next. */
function* goodBlocks(bytes: Buffer, batchNo: number, ref: BlocksRef): Generator<BlockContent & { payload: Uint8Array }> {
  for (let at = 0; at + BLOCK_HEAD_BYTES <= bytes.length; ) {
    const head = decodeBlockHead(bytes, at, ref.offset + at)
    const end = at + BLOCK_HEAD_BYTES + (head?.payloadBytes ?? 0)
    const payload = head && head.batchNo === batchNo && end <= bytes.length ? bytes.subarray(at + BLOCK_HEAD_BYTES, end) : undefined
    const content = payload && crc32(payload) === head?.payloadCrc ? contentOf(payload) : undefined
    if (
      !head ||
      !payload ||
      !content ||
      content.records !== head.records ||
      content.firstSeq + content.records > ref.firstSeq + ref.records
    ) {
      at += 8
      continue
    }
    yield { ...content, payload }
    at = end
  }
}

/** Undefined for bytes that are no records. */
export function contentOf(payload: Uint8Array): BlockContent | undefined {
  const content: BlockContent = { records: 0, ticks: 0, firstSeq: 0, firstTsUs: 0, lastTsUs: 0 }
  try {
    for (const cursor = new RecordCursor(payload); cursor.next(); content.records++) {
      if (content.records === 0) [content.firstSeq, content.firstTsUs] = [cursor.seq, cursor.tsUs]
      content.lastTsUs = cursor.tsUs
      if (cursor.isTick) content.ticks++
    }
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error
    return undefined
  }
  return content.records > 0 ? content : undefined
}

/** Reads from one segment after the other. */
class BlockReader {
  #file: FileHandle | undefined
  #path: string | undefined

  /** May give less than asked for, when the file ends early. */
  async read({ segment, offset, bytes }: BlocksRef): Promise<Buffer> {
    const file = segment.file ?? (await this.#open(segment.path))
    // A buffer of its own, so that the records stay 8-byte aligned.
    const buffer = Buffer.from(new ArrayBuffer(bytes))
    let read = 0
    while (read < bytes) {
      const { bytesRead } = await file.read(buffer, read, bytes - read, offset + read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return buffer.subarray(0, read)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #open(path: string): Promise<FileHandle> {
    if (this.#file && this.#path === path) return this.#file
    await this.close()
    this.#path = path
    this.#file = await open(path, 'r')
    return this.#file
  }
}
