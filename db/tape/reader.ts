/**
 * Reads tape files: block by block with every CRC checked. A torn tail is cut and reported, damage in the middle refuses
 * and names its byte offset. A tape that promises an end mark and lacks it is torn wherever it ends.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

import { FeedError, TapedeckError } from '../../market/errors.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { RecordCursor } from './codec/decode.ts'
import {
  BLOCK_HEAD_BYTES,
  type BlockHead,
  decodeBlockHead,
  decodeMeta,
  FILE_HEAD_BYTES,
  FORMER_FORMAT,
  metaBytes,
  reservedBytes,
  type TapeMeta,
} from './file-layout.ts'

const READ_BYTES = 1 << 22

export interface TapeBlock extends BlockHead {
  /** Records, 8-byte aligned. Valid until the next block is asked for. */
  payload: Uint8Array
}

export interface TornTail {
  /** Length of the intact part: where the file is to be cut. */
  offset: number
  /** Bytes behind it; 0 when only the end mark is missing: the file was cut between two blocks. */
  bytes: number
}

/** Completes "the file …" or "the tape …". */
export function describeTorn({ bytes }: TornTail): string {
  return bytes === 0 ? 'was cut: its end mark is missing, and what was behind is lost' : `ends in an unfinished write of ${bytes} bytes`
}

export interface TapeDamage {
  /** Byte offset of what cannot be read. */
  offset: number
  /** Bytes up to the next block that can. */
  bytes: number
  /** Time of the first record that is lost, when the damaged block's head still says so. */
  firstTsUs?: number
  message: string
}

export interface ReadOptions {
  /** Called for damage that is not at the end, which is then skipped. Without it damage throws. */
  onDamage?: (damage: TapeDamage) => void
  /** Called when the file ends in an unfinished write, before the stream ends. Without it a torn tail is skipped silently. */
  onTorn?: (torn: TornTail) => void
  /**
   * Blocks are read into the same memory, so that a payload is overwritten when the next one is asked for. Megabytes that come and go
   * beside many small objects make the garbage collector go through the whole heap each time.
   */
  reusesMemory?: boolean
}

/** The header's description of the file. Throws a FeedError when it is no tape, is of another version or damaged. */
export async function readTapeMeta(path: string): Promise<TapeMeta> {
  return (await readTapeHeader(path)).meta
}

export interface TapeHeader {
  meta: TapeMeta
  /** At which the blocks begin. */
  offset: number
  /** The bytes of the head that are to be zero, as a number. Readers pass over them. */
  reserved: number
}

/** The header: what it says, and where it ends. Throws like `readTapeMeta`. */
export async function readTapeHeader(path: string): Promise<TapeHeader> {
  const file = await openTape(path)
  try {
    return await readHeader(file, path)
  } finally {
    await file.close()
  }
}

/** The blocks of a tape in file order. Throws a FeedError (`tape-corrupt`) naming the offset of a bad block in the middle. */
export async function* readBlocks(path: string, options: ReadOptions = {}): AsyncGenerator<TapeBlock> {
  const file = await openTape(path)
  try {
    const { size } = await file.stat()
    const begin = await firstBlock(file, path, size, options.onDamage)
    let { offset } = begin
    const { mustEnd } = begin
    let window = Buffer.alloc(0)
    let windowOffset = offset
    let last: BlockHead | undefined

    let memory = Buffer.alloc(0)
    // Makes sure that `bytes` bytes at `offset` are in the window, as far as the file has them.
    const fill = async (bytes: number) => {
      if (offset - windowOffset + bytes <= window.length) return
      const wanted = Math.min(Math.max(bytes, READ_BYTES), size - offset)
      if (!options.reusesMemory || memory.length < wanted) memory = Buffer.from(new ArrayBuffer(Math.max(0, wanted)))
      const buffer = memory.subarray(0, Math.max(0, wanted))
      window = buffer.subarray(0, await readFully(file, buffer, offset))
      windowOffset = offset
    }

    while (offset < size) {
      await fill(BLOCK_HEAD_BYTES)
      const head = decodeBlockHead(window, offset - windowOffset, offset)
      const end = head ? offset + BLOCK_HEAD_BYTES + head.payloadBytes : size + 1
      let payload: Buffer | undefined
      if (head && end <= size) {
        await fill(BLOCK_HEAD_BYTES + head.payloadBytes)
        const at = offset - windowOffset + BLOCK_HEAD_BYTES
        payload = window.subarray(at, at + head.payloadBytes)
      }
      if (!head || !payload || payload.length < head.payloadBytes || crc32(payload) !== head.payloadCrc) {
        const behind = await findBlockBehind(file, offset + 8, size, (found) => isLaterSync(found, head, last))
        if (behind && options.onDamage) {
          const next = (await findBlockBehind(file, offset + 8, size, () => true)) ?? behind
          const message = `the block at byte ${offset} fails its checksum`
          options.onDamage({ offset, bytes: next.offset - offset, ...(head && { firstTsUs: head.firstTsUs }), message })
          offset = next.offset
          continue
        }
        if (behind)
          throw new FeedError(
            `Tape ${path} is damaged at byte ${offset}: the block there fails its checksum, and a block that was written after it had reached the disk follows at byte ${behind.offset}. ` +
              'Restore the file from a copy; nothing behind the damage was read.',
            { code: 'tape-corrupt' },
          )
        options.onTorn?.({ offset, bytes: size - offset })
        return
      }
      last = head
      offset = end
      if (mustEnd && head.payloadBytes === 0) {
        // Nothing of this tape can be behind its end.
        if (offset < size) options.onTorn?.({ offset, bytes: size - offset })
        return
      }
      yield { ...head, payload }
    }
    if (mustEnd) options.onTorn?.({ offset, bytes: 0 })
  } finally {
    await file.close()
  }
}

/** The records of a tape as objects, one array a block. */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<TapeRecord[]> {
  const cursor = new RecordCursor()
  for await (const block of readBlocks(path, options)) {
    cursor.reset(block.payload)
    const records: TapeRecord[] = []
    try {
      while (cursor.next()) records.push(cursor.record())
    } catch (cause) {
      throw placed(cause, path, block)
    }
    yield records
  }
}

/** What a walk through a block's records threw, with the place. What is no fault of the tape stays as it is. */
export function placed(error: unknown, path: string, block: BlockHead): unknown {
  if (!(error instanceof TapedeckError)) return error
  return new FeedError(`Tape ${path}, block at byte ${block.offset}: ${error.message}`, { code: 'tape-corrupt', cause: error })
}

async function openTape(path: string): Promise<FileHandle> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const found = cause.code === 'ENOENT' ? 'does not exist' : `cannot be opened (${cause.code})`
    throw new FeedError(`Tape ${path} ${found}. Check the path.`, { code: 'tape-unreadable', cause })
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new FeedError(`Tape ${path} is a folder or a device, not a file. Name a file.`, { code: 'tape-unreadable' })
}

async function readHeader(file: FileHandle, path: string): Promise<TapeHeader> {
  const head = Buffer.alloc(FILE_HEAD_BYTES)
  const read = await readFully(file, head, 0)
  const length = metaBytes(head.subarray(0, read), path)
  const body = Buffer.alloc(length)
  const bodyRead = await readFully(file, body, FILE_HEAD_BYTES)
  return { meta: decodeMeta(head, body.subarray(0, bodyRead), path), offset: FILE_HEAD_BYTES + length, reserved: reservedBytes(head) }
}

/** Where the blocks begin, with `onDamage` also behind a header that cannot be read, and whether they must be closed by an end mark. */
async function firstBlock(
  file: FileHandle,
  path: string,
  size: number,
  onDamage: ReadOptions['onDamage'],
): Promise<{ offset: number; mustEnd: boolean }> {
  try {
    const { meta, offset } = await readHeader(file, path)
    return { offset, mustEnd: meta.endMark === true }
  } catch (error) {
    // Its records would be taken for something else. A version that never was is damage to the header.
    if (error instanceof FeedError && error.code === FORMER_FORMAT) throw error
    const first = onDamage && error instanceof FeedError ? await findBlockBehind(file, 0, size, () => true) : undefined
    if (!first) throw error
    onDamage?.({ offset: 0, bytes: first.offset, message: (error as FeedError).message })
    return { offset: first.offset, mustEnd: false }
  }
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<number> {
  let read = 0
  while (read < into.length) {
    const { bytesRead } = await file.read(into, read, into.length - read, position + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return read
}

/** The next block head at or behind `from` that is wanted; blocks start on multiples of 8. */
async function findBlockBehind(
  file: FileHandle,
  from: number,
  size: number,
  isWanted: (head: BlockHead) => boolean,
): Promise<BlockHead | undefined> {
  const buffer = Buffer.alloc(Math.max(0, Math.min(READ_BYTES, size - from)))
  for (let position = from; position < size; position += READ_BYTES - BLOCK_HEAD_BYTES) {
    const read = await readFully(file, buffer, position)
    for (let at = 0; at + BLOCK_HEAD_BYTES <= read; at += 8) {
      const head = decodeBlockHead(buffer.subarray(0, read), at, position + at)
      if (head && isWanted(head)) return head
    }
  }
  return undefined
}

/** True when `behind` was written after the bad block had been synced, so that the block cannot be an unfinished write. */
function isLaterSync(behind: BlockHead, bad: BlockHead | undefined, last: BlockHead | undefined): boolean {
  if (bad) return behind.syncNo > bad.syncNo
  // Its head is unreadable: what lies before a block that opens a sync belongs to an earlier one. Without such a block
  // in sight, it belongs to the last good block's sync or to the next.
  return behind.syncIndex === 0 || (last !== undefined && behind.syncNo > last.syncNo + 1)
}
