import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { RecordCursor } from '../../../../db/tape/codec/decode.ts'
import { readBlocks, readRecords, readTapeHeader, readTapeMeta } from '../../../../db/tape/reader.ts'
import { encodeFileHead, MAX_PAYLOAD_BYTES, stampSync } from '../../../../db/tape/file-layout.ts'
import { allBlocks, allRecords, blockOf, contractRecord, META, quoteRecord, readBack, tapeBytes, temporaryFolder } from './tape-support.ts'

const folder = await temporaryFolder()
const path = join(folder, 'a.tape')
const HEADER_BYTES = encodeFileHead(META).length

/** Blocks of two records each, seq 1 2 | 3 4 | …, with the sync and index given for each. */
function blocksOf(...syncs: [syncNo: number, syncIndex: number][]): Buffer[] {
  return syncs.map(([syncNo, syncIndex], i) => blockOf([quoteRecord(2 * i + 1), quoteRecord(2 * i + 2)], syncNo, syncIndex))
}

/** Offset of the i-th block. */
function offsetOf(blocks: Buffer[], i: number): number {
  return HEADER_BYTES + blocks.slice(0, i).reduce((sum, block) => sum + block.length, 0)
}

function withFlippedByte(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(at) ^ 0x40, at)
  return flipped
}

const damagedAt = (offset: number) => expect.stringContaining(`is damaged at byte ${offset}:`)

describe('a whole tape', () => {
  it('gives its records, block by block', async () => {
    const records = [contractRecord(1), quoteRecord(2), quoteRecord(3)]
    await writeFile(path, tapeBytes(blockOf(records.slice(0, 2), 1, 0), blockOf(records.slice(2), 2, 0, 9)))

    expect(await allRecords(path)).toEqual(records)
    expect(await readTapeMeta(path)).toEqual(META)
    expect(await readTapeHeader(path)).toEqual({ meta: META, offset: HEADER_BYTES, reserved: 0 })
    expect((await allBlocks(path)).map(({ offset, records, batchNo }) => [offset, records, batchNo])).toEqual([
      [HEADER_BYTES, 2, 0],
      [expect.any(Number), 1, 9],
    ])
  })

  it('may be a header and nothing else', async () => {
    expect(await readBack(path, tapeBytes())).toEqual({ seqs: [], torn: undefined, error: undefined })
  })

  it('gives payloads on 8-byte boundaries, also where they cross the reads of 4 MiB', async () => {
    const records = Array.from({ length: 5000 }, (_, i) => quoteRecord(i + 1))
    const blocks = Array.from({ length: 33 }, (_, i) => blockOf([...records, { ...contractRecord(6000), instrument: i }], i + 1, 0))
    await writeFile(path, tapeBytes(...blocks))

    let read = 0
    for await (const { payload } of readBlocks(path)) {
      expect(payload.byteOffset % 8).toBe(0)
      for (const cursor = new RecordCursor(payload); cursor.next(); ) read++
    }
    expect(read).toBe(33 * 5001)
  })

  it('is closed when its reader stops early', async () => {
    await writeFile(path, tapeBytes(...blocksOf([1, 0], [2, 0])))
    for await (const records of readRecords(path)) {
      expect(records).toHaveLength(2)
      break
    }
  })
})

describe('what is no tape', () => {
  it.each([
    ['a path that does not exist', join(folder, 'absent.tape'), 'absent.tape does not exist. Check the path.'],
    ['a folder', folder, 'is a folder or a device, not a file. Name a file.'],
  ])('%s is refused', async (_, name, message) => {
    const refusal = expect.objectContaining({ name: 'FeedError', code: 'tape-unreadable', message: expect.stringContaining(message) })
    await expect(readTapeMeta(name)).rejects.toThrow(refusal)
    await expect(allRecords(name)).rejects.toThrow(refusal)
  })

  it.each([
    ['an empty file', Buffer.alloc(0), 'ends after 0 bytes, inside its header: nothing was recorded in it. Remove the file.'],
    ['a file of something else', Buffer.from('date,ms_of_day,underlying,expiry\n'), 'is not a tape'],
    ['a tape of a later format', withFlippedByte(tapeBytes(), 8), 'is a tape of format 66; this program reads format 2'],
    ['a tape with a damaged description', withFlippedByte(tapeBytes(), 30), 'header of tape'],
  ])('%s is refused', async (_, bytes, message) => {
    expect(await readBack(path, bytes)).toEqual({ seqs: [], torn: undefined, error: expect.stringContaining(message) })
    await expect(readTapeMeta(path)).rejects.toThrow(message)
  })
})

describe('a tape that was cut', () => {
  it.each([
    ['one block per sync', blocksOf([1, 0], [2, 0], [3, 0])],
    ['all blocks in one sync', blocksOf([1, 0], [1, 1], [1, 2])],
  ])('at any byte gives the whole blocks before and names the torn tail (%s)', async (_, blocks) => {
    const bytes = tapeBytes(...blocks)
    for (let length = 0; length < bytes.length; length++) {
      const found = await readBack(path, bytes.subarray(0, length))
      if (length < HEADER_BYTES) {
        expect(found).toEqual({
          seqs: [],
          torn: undefined,
          error: expect.stringContaining(`ends after ${length} bytes, inside its header`),
        })
        continue
      }
      const whole = blocks.filter((_, i) => offsetOf(blocks, i + 1) <= length).length
      const offset = offsetOf(blocks, whole)
      expect(found).toEqual({
        seqs: [1, 2, 3, 4, 5, 6].slice(0, whole * 2),
        torn: offset === length ? undefined : { offset, bytes: length - offset },
        error: undefined,
      })
    }
  })

  it('and has zeros where its last write was to be is torn there', async () => {
    const blocks = blocksOf([1, 0], [2, 0])
    const found = await readBack(path, Buffer.concat([tapeBytes(...blocks), Buffer.alloc(10_000)]))
    expect(found).toEqual({ seqs: [1, 2, 3, 4], torn: { offset: offsetOf(blocks, 2), bytes: 10_000 }, error: undefined })
  })

  it('is torn, not damaged, at the first bad block of its last sync, whatever of that sync is intact behind', async () => {
    const blocks = blocksOf([1, 0], [2, 0], [2, 1], [2, 2])
    for (let at = offsetOf(blocks, 2); at < offsetOf(blocks, 3); at++) {
      const bytes = withFlippedByte(tapeBytes(...blocks), at)
      const torn = { offset: offsetOf(blocks, 2), bytes: bytes.length - offsetOf(blocks, 2) }
      expect(await readBack(path, bytes)).toEqual({ seqs: [1, 2, 3, 4], torn, error: undefined })
    }
  })

  it('is torn in its only sync, whatever the number of that sync', async () => {
    const blocks = blocksOf([57, 0], [57, 1], [57, 2])
    const bytes = withFlippedByte(tapeBytes(...blocks), HEADER_BYTES)
    const torn = { offset: HEADER_BYTES, bytes: bytes.length - HEADER_BYTES }
    expect(await readBack(path, bytes)).toEqual({ seqs: [], torn, error: undefined })
  })

  it('is torn when the first blocks of its last sync never reached the disk', async () => {
    const blocks = blocksOf([1, 0], [2, 0], [2, 1], [2, 2])
    const bytes = tapeBytes(...blocks)
    bytes.fill(0, offsetOf(blocks, 1), offsetOf(blocks, 3))
    const torn = { offset: offsetOf(blocks, 1), bytes: bytes.length - offsetOf(blocks, 1) }
    expect(await readBack(path, bytes)).toEqual({ seqs: [1, 2], torn, error: undefined })
  })
})

describe('a tape that is damaged in the middle', () => {
  it('refuses at whichever byte, names the offset of the block, and gives what lies before', async () => {
    const blocks = blocksOf([1, 0], [2, 0], [3, 0])
    for (let at = HEADER_BYTES; at < offsetOf(blocks, 2); at++) {
      const found = await readBack(path, withFlippedByte(tapeBytes(...blocks), at))
      const bad = at < offsetOf(blocks, 1) ? 0 : 1
      expect(found).toEqual({ seqs: bad === 0 ? [] : [1, 2], torn: undefined, error: damagedAt(offsetOf(blocks, bad)) })
    }
  })

  it('refuses when a block of the same sync follows the bad one and a later sync follows that', async () => {
    const blocks = blocksOf([1, 0], [2, 0], [2, 1], [2, 2], [3, 0])
    for (let at = offsetOf(blocks, 1); at < offsetOf(blocks, 3); at++) {
      const found = await readBack(path, withFlippedByte(tapeBytes(...blocks), at))
      expect(found).toMatchObject({ torn: undefined, error: damagedAt(offsetOf(blocks, at < offsetOf(blocks, 2) ? 1 : 2)) })
    }
  })

  it('refuses when the block that was lost opened the first sync of the file', async () => {
    const blocks = blocksOf([1, 0], [1, 1], [2, 0])
    const bytes = tapeBytes(...blocks).fill(0, HEADER_BYTES, offsetOf(blocks, 1))
    expect(await readBack(path, bytes)).toEqual({ seqs: [], torn: undefined, error: damagedAt(HEADER_BYTES) })
  })

  it('finds the proof beyond the next read of 4 MiB', async () => {
    const blocks = blocksOf([1, 0], [2, 0])
    const bytes = Buffer.concat([tapeBytes(), Buffer.alloc((1 << 22) - 8), ...blocks])
    expect(await readBack(path, bytes)).toMatchObject({ seqs: [], torn: undefined, error: damagedAt(HEADER_BYTES) })
  })

  it.each([8, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 8, 0xfffffff8])(
    'refuses a length of %d bytes under a right checksum of the head',
    async (length) => {
      const blocks = blocksOf([1, 0], [2, 0], [3, 0])
      blocks[1]?.writeUInt32LE(length, 4)
      stampSync(blocks[1] as Buffer, 2, 0)
      expect(await readBack(path, tapeBytes(...blocks))).toEqual({ seqs: [1, 2], torn: undefined, error: damagedAt(offsetOf(blocks, 1)) })
    },
  )

  it('names block and file when whole bytes make no records', async () => {
    const block = blockOf([{ ...quoteRecord(1) }], 1, 0)
    block.writeUInt8(99, 48)
    block.writeUInt32LE(crc32(block.subarray(48)), 40)
    stampSync(block, 1, 0)
    expect(await readBack(path, tapeBytes(block))).toMatchObject({
      seqs: [],
      error: expect.stringContaining(`Tape ${path}, block at byte ${HEADER_BYTES}: The tape holds a record of unknown kind 99`),
    })
  })
})
