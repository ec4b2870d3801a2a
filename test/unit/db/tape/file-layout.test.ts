import { describe, expect, it } from 'vitest'
import { RecordEncoder } from '../../../../db/tape/codec/encode.ts'
import {
  BLOCK_HEAD_BYTES,
  decodeBlockHead,
  decodeMeta,
  encodeFileHead,
  FILE_HEAD_BYTES,
  MAX_PAYLOAD_BYTES,
  metaBytes,
  sealBlock,
  stampSync,
} from '../../../../db/tape/file-layout.ts'
import { BASE_US } from './tape-support.ts'

// Typed by hand from docs/tape-format.md; the CRCs come from another program's zlib.
const GOLDEN_HEADER = [
  '544150454445434b 02000000 18000000 b6c67be6 00000000',
  '7b22736f75726365223a22696d706f7274227d 2020202020', // {"source":"import"} and 5 blanks
]
  .join('')
  .replaceAll(' ', '')
const GOLDEN_BLOCK_HEAD =
  '54424c4b 40000000 01000000 05000000 00b4bd055bec1343 00b4bd055bec1343 02000000 01000000 11d43e4b c87bad54'.replaceAll(' ', '')

function headerOf(hex: string): { head: Buffer; body: Buffer } {
  const bytes = Buffer.from(hex, 'hex')
  return { head: bytes.subarray(0, FILE_HEAD_BYTES), body: bytes.subarray(FILE_HEAD_BYTES) }
}

describe('the header of a tape', () => {
  it('has the bytes of the format page', () => {
    expect(encodeFileHead({ source: 'import' }).toString('hex')).toBe(GOLDEN_HEADER)
    const { head, body } = headerOf(GOLDEN_HEADER)
    expect(metaBytes(head, 'a.tape')).toBe(24)
    expect(decodeMeta(head, body, 'a.tape')).toEqual({ source: 'import' })
  })

  it.each([
    ['another file', '7b'.repeat(24), 'tape-not-a-tape', 'does not begin with "TAPEDECK"'],
    ['another file that is shorter than a header', '7b', 'tape-not-a-tape', 'does not begin with "TAPEDECK"'],
    ['nothing', '', 'tape-corrupt', 'ends after 0 bytes, inside its header'],
    ['half a header', GOLDEN_HEADER.slice(0, 30), 'tape-corrupt', 'ends after 15 bytes, inside its header'],
    ['a header without all of its text', GOLDEN_HEADER.slice(0, 60), 'tape-corrupt', 'ends after 30 bytes, inside its header'],
    [
      'a later format',
      GOLDEN_HEADER.replace('4b02000000', '4b03000000'),
      'tape-version',
      'a tape of format 3; this program reads format 2',
    ],
    [
      'the format before',
      GOLDEN_HEADER.replace('4b02000000', '4b01000000'),
      'tape-former-version',
      'a tape of format 1; this program reads format 2. Read it with the version of tapedeck that wrote it',
    ],
    ['an absurd length', GOLDEN_HEADER.replace('18000000', 'f8ffffff'), 'tape-corrupt', 'header of tape a.tape is damaged'],
    ['a length that is not padded', GOLDEN_HEADER.replace('18000000', '17000000'), 'tape-corrupt', 'header of tape a.tape is damaged'],
    ['a changed text', GOLDEN_HEADER.replace('7d20', '7d21'), 'tape-corrupt', 'header of tape a.tape is damaged'],
  ])('is refused when it is %s', (_, hex, code, message) => {
    const { head, body } = headerOf(hex)
    expect(() => decodeMeta(head, body, 'a.tape')).toThrow(
      expect.objectContaining({ name: 'FeedError', code, message: expect.stringContaining(message) }),
    )
  })

  it('refuses a description that no reader would take', () => {
    expect(() => encodeFileHead({ source: 'import', description: 'x'.repeat(1 << 20) })).toThrow(RangeError)
  })
})

describe('the head of a block', () => {
  it('has the bytes of the format page', () => {
    const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
    encoder.append({ kind: 'quote', seq: 7, tsUs: BASE_US, instrument: 3, bidPrice: 1.5, bidSize: 10 })
    const block = sealBlock(encoder, 5)
    stampSync(block, 2, 1)
    expect(block.subarray(0, BLOCK_HEAD_BYTES).toString('hex')).toBe(GOLDEN_BLOCK_HEAD)
    expect(decodeBlockHead(Buffer.from(GOLDEN_BLOCK_HEAD, 'hex'), 0, 1000)).toEqual({
      offset: 1000,
      payloadBytes: 64,
      records: 1,
      batchNo: 5,
      firstTsUs: BASE_US,
      lastTsUs: BASE_US,
      syncNo: 2,
      syncIndex: 1,
      payloadCrc: 0x4b3ed411,
    })
  })

  it('is none when any of its bits differs, or when it is cut', () => {
    const golden = Buffer.from(GOLDEN_BLOCK_HEAD, 'hex')
    for (let bit = 0; bit < golden.length * 8; bit++) {
      const flipped = Buffer.from(golden)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(decodeBlockHead(flipped, 0, 0)).toBeUndefined()
    }
    for (let length = 0; length < golden.length; length++) expect(decodeBlockHead(golden.subarray(0, length), 0, 0)).toBeUndefined()
  })

  it.each([MAX_PAYLOAD_BYTES + 8, 0xfffffff8, 65])(
    'is none when its length of %d bytes is absurd, even under a right checksum',
    (length) => {
      const block = Buffer.from(GOLDEN_BLOCK_HEAD, 'hex')
      block.writeUInt32LE(length, 4)
      stampSync(block, 2, 1)
      expect(decodeBlockHead(block, 0, 0)).toBeUndefined()
    },
  )
})
