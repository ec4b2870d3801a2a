/**
 * Layout of a tape file: a header, then blocks. Append-only.
 *
 *   header  "TAPEDECK", u32 version, u32 length of the meta JSON (space-padded to 8), u32 its CRC-32, u32 zero, the JSON
 *   block   48-byte head, then records (codec/record-layout.ts)
 *           u32 magic, u32 payload bytes, u32 records, u32 batch number, f64 first tsUs, f64 last tsUs,
 *           u32 sync number, u32 index within the sync, u32 CRC-32 of the payload, u32 CRC-32 of the head before it
 *
 * Blocks written between two fdatasync calls share a sync number, one above that of the sync before (a file may begin with any);
 * the index counts the blocks of a sync from 0. Only the last sync of a file can be torn by a power cut, so a damaged block
 * with a block of a later sync behind it is damage, not a torn tail. A batch number of 0 marks blocks that
 * are not rows of the database: imported tapes and the preamble that makes a journal segment self-contained.
 *
 * A tape that was written in one go says so in its meta (`endMark`) and closes with an empty block, so that a cut is seen also where
 * it falls between two blocks. A journal has none: its end is wherever the last sync was.
 */

import { crc32 } from 'node:zlib'

import { FeedError } from '../../market/errors.ts'
import type { RecordEncoder } from './codec/encode.ts'

/** Of 1 a verdict was two texts, which told neither findings nor their severity apart. */
const TAPE_VERSION = 2
/** Code of the error about a tape of an earlier format: its blocks look like ours and are not. */
export const FORMER_FORMAT = 'tape-former-version'
export const FILE_HEAD_BYTES = 24
export const BLOCK_HEAD_BYTES = 48
/** A length above this is no block of ours. */
export const MAX_PAYLOAD_BYTES = 1 << 28

const FILE_MAGIC = Buffer.from('TAPEDECK', 'latin1')
const BLOCK_MAGIC = 0x4b4c4254 // "TBLK"
const MAX_META_BYTES = 1 << 20

/** What a tape says of itself. */
export interface TapeMeta {
  /** `collector` for a journal, `import` for files of others. */
  source: 'collector' | 'import'
  sessionId?: number
  /** Number of the segment within its session, from 1. */
  segment?: number
  /** The first batch in this segment began in the one before. */
  continuesBatch?: boolean
  /** What was imported, and under which terms. */
  description?: string
  attribution?: string
  /** The tape closes with an end mark; without one it was cut. Absent on journals, and on tapes of other programs or earlier versions. */
  endMark?: true
}

export interface BlockHead {
  /** Byte offset of the head in the file. */
  offset: number
  payloadBytes: number
  records: number
  batchNo: number
  firstTsUs: number
  lastTsUs: number
  syncNo: number
  syncIndex: number
  payloadCrc: number
}

export function encodeFileHead(meta: TapeMeta): Buffer {
  const json = JSON.stringify(meta)
  const bytes = Buffer.byteLength(json)
  const body = Buffer.from(json + ' '.repeat((8 - (bytes % 8)) % 8))
  if (body.length > MAX_META_BYTES) throw new RangeError(`The description of a tape takes ${bytes} bytes; at most ${MAX_META_BYTES} fit.`)
  const head = Buffer.alloc(FILE_HEAD_BYTES)
  FILE_MAGIC.copy(head)
  head.writeUInt32LE(TAPE_VERSION, 8)
  head.writeUInt32LE(body.length, 12)
  head.writeUInt32LE(crc32(body), 16)
  return Buffer.concat([head, body])
}

/**
 * Bytes of the header that follow the first FILE_HEAD_BYTES. Throws a FeedError when these are not a tape's:
 * `tape-not-a-tape`, `tape-version`, `tape-former-version`, `tape-corrupt` (damaged, or the file ends inside its header).
 */
export function metaBytes(head: Buffer, path: string): number {
  const magic = head.subarray(0, FILE_MAGIC.length)
  if (!magic.equals(FILE_MAGIC.subarray(0, magic.length)))
    throw new FeedError(`${path} is not a tape: it does not begin with "TAPEDECK".`, { code: 'tape-not-a-tape' })
  if (head.length < FILE_HEAD_BYTES) throw tornHeader(path, head.length)
  const version = head.readUInt32LE(8)
  if (version !== TAPE_VERSION)
    throw new FeedError(
      `${path} is a tape of format ${version}; this program reads format ${TAPE_VERSION}. Read it with the version of tapedeck that wrote it; ` +
        'an imported tape is made again by `tapedeck tape import`.',
      {
        code: version >= 1 && version < TAPE_VERSION ? FORMER_FORMAT : 'tape-version',
      },
    )
  const bytes = head.readUInt32LE(12)
  if (bytes > MAX_META_BYTES || bytes % 8 !== 0) throw damagedHeader(path)
  return bytes
}

/** `body` is what the file has of the bytes that `metaBytes` announced. Throws the same errors. */
export function decodeMeta(head: Buffer, body: Buffer, path: string): TapeMeta {
  if (body.length < metaBytes(head, path)) throw tornHeader(path, FILE_HEAD_BYTES + body.length)
  if (crc32(body) !== head.readUInt32LE(16)) throw damagedHeader(path)
  let meta: unknown
  try {
    meta = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw damagedHeader(path, cause)
  }
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) throw damagedHeader(path)
  return meta as TapeMeta
}

/** What belongs to be zero in the head of a file, and is not: a reader passes over it. */
export function reservedBytes(head: Buffer): number {
  return head.readUInt32LE(20)
}

function tornHeader(path: string, bytes: number): FeedError {
  return new FeedError(`Tape ${path} ends after ${bytes} bytes, inside its header: nothing was recorded in it. Remove the file.`, {
    code: 'tape-corrupt',
  })
}

function damagedHeader(path: string, cause?: unknown): FeedError {
  return new FeedError(`The header of tape ${path} is damaged. Restore the file from a copy.`, { code: 'tape-corrupt', cause })
}

/** Fills the headroom of an encoder made with BLOCK_HEAD_BYTES and returns the whole block. Throws a RangeError when no reader would take it. */
export function sealBlock(encoder: RecordEncoder, batchNo: number): Buffer {
  const block = encoder.bytes()
  if (encoder.payloadBytes > MAX_PAYLOAD_BYTES)
    throw new RangeError(`A block of ${encoder.payloadBytes} bytes does not fit on a tape (at most ${MAX_PAYLOAD_BYTES}).`)
  block.writeUInt32LE(BLOCK_MAGIC, 0)
  block.writeUInt32LE(encoder.payloadBytes, 4)
  block.writeUInt32LE(encoder.records, 8)
  block.writeUInt32LE(batchNo, 12)
  block.writeDoubleLE(encoder.firstTsUs, 16)
  block.writeDoubleLE(encoder.lastTsUs, 24)
  block.writeUInt32LE(crc32(block.subarray(BLOCK_HEAD_BYTES)), 40)
  return block
}

/** The empty block that closes a tape. `lastTsUs` is that of the last record. */
export function sealEndMark(lastTsUs: number, syncNo: number): Buffer {
  const block = Buffer.alloc(BLOCK_HEAD_BYTES)
  block.writeUInt32LE(BLOCK_MAGIC, 0)
  block.writeDoubleLE(lastTsUs, 16)
  block.writeDoubleLE(lastTsUs, 24)
  stampSync(block, syncNo, 0)
  return block
}

/** Says in the head which sync the block is written in; call it last, just before writing. */
export function stampSync(block: Buffer, syncNo: number, syncIndex: number): void {
  block.writeUInt32LE(syncNo, 32)
  block.writeUInt32LE(syncIndex, 36)
  block.writeUInt32LE(crc32(block.subarray(0, 44)), 44)
}

/** The head at `at`, or undefined when the bytes are none. */
export function decodeBlockHead(bytes: Buffer, at: number, offset: number): BlockHead | undefined {
  if (at + BLOCK_HEAD_BYTES > bytes.length || bytes.readUInt32LE(at) !== BLOCK_MAGIC) return undefined
  if (crc32(bytes.subarray(at, at + 44)) !== bytes.readUInt32LE(at + 44)) return undefined
  const payloadBytes = bytes.readUInt32LE(at + 4)
  if (payloadBytes > MAX_PAYLOAD_BYTES || payloadBytes % 8 !== 0) return undefined
  return {
    offset,
    payloadBytes,
    records: bytes.readUInt32LE(at + 8),
    batchNo: bytes.readUInt32LE(at + 12),
    firstTsUs: bytes.readDoubleLE(at + 16),
    lastTsUs: bytes.readDoubleLE(at + 24),
    syncNo: bytes.readUInt32LE(at + 32),
    syncIndex: bytes.readUInt32LE(at + 36),
    payloadCrc: bytes.readUInt32LE(at + 40),
  }
}
