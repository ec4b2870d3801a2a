import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  FrameReader,
  FrameTooLong,
  FrameWriter,
  MAX_FRAME_BYTES,
  splitFields,
  WireError,
} from '../../../../../backtester/gateway/protocol/wire.ts'

function numberText(value: number): string {
  const writer = new FrameWriter()
  writer.message([value])
  return splitFields(writer.take().subarray(4))[0] ?? ''
}

function readAll(reader: FrameReader): string[] {
  const frames: string[] = []
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame.toString('latin1'))
  return frames
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

describe('FrameWriter', () => {
  it('writes the length, big-endian, and fields that each end in NUL', () => {
    const writer = new FrameWriter()
    writer.message([9, 1, 'AB'])
    expect(writer.take()).toEqual(Buffer.from([0, 0, 0, 7, 0x39, 0, 0x31, 0, 0x41, 0x42, 0]))
    expect(writer.take()).toHaveLength(0)
  })

  it('writes numbers as the shortest decimal without an exponent', () => {
    const written = [0, -0, 1, -1, 70, 70.05, 0.01, 0.005, -2.5, 100, 1e-7, 1.5e-7, 1e21, 123456789.123, 1401975000000000].map(numberText)
    const typed = ['0', '0', '1', '-1', '70', '70.05', '0.01', '0.005', '-2.5', '100', '0.0000001', '0.00000015']
    expect(written).toEqual([...typed, '1000000000000000000000', '123456789.123', '1401975000000000'])
  })

  it('writes every double so that it reads back the same', () => {
    const price = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((units) => units / 10_000)
    const number = fc.oneof(price, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())
    fc.assert(
      fc.property(number, (value) => {
        const text = numberText(value)
        expect(text).toMatch(/^-?\d+(\.\d+)?$/)
        expect(Number(text)).toBe(value === 0 ? 0 : value)
        const shortest = String(value)
        if (!shortest.includes('e')) expect(text).toBe(shortest)
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves a NUL out of a text, as it would end the field', () => {
    const writer = new FrameWriter()
    writer.message(['A\0B'])
    expect(splitFields(writer.take().subarray(4))).toEqual(['AB'])
  })

  it('takes back a message that is longer than clients take, and goes on', () => {
    const writer = new FrameWriter()
    writer.message([1])
    const part = 'x'.repeat(1 << 20)
    expect(() => writer.message(Array.from({ length: 16 }, () => part))).toThrow(FrameTooLong)
    writer.message([2])
    expect(writer.take()).toEqual(Buffer.from('\0\0\0\x021\0\0\0\0\x022\0', 'latin1'))
  })

  it('grows for a message longer than its buffer', () => {
    const writer = new FrameWriter()
    writer.message(['x'.repeat(100_000), 'é'])
    expect(writer.take()).toHaveLength(4 + 100_001 + 3)
  })
})

describe('FrameReader', () => {
  it('gives the same frames however reads split and join them', () => {
    const content = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    const contents = fc.array(content, { maxLength: 20 })
    fc.assert(
      fc.property(contents, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (frames, sizes) => {
        const bytes = Buffer.concat(
          frames.flatMap((frame) => {
            const length = Buffer.alloc(4)
            length.writeUInt32BE(frame.length)
            return [length, frame]
          }),
        )
        const reader = new FrameReader()
        const read = cut(bytes, sizes).flatMap((piece) => {
          reader.push(piece)
          return readAll(reader)
        })
        expect(read).toEqual(frames.map((frame) => frame.toString('latin1')))
      }),
    )
  })

  it('takes a frame larger than its first buffer', () => {
    const reader = new FrameReader()
    const frame = Buffer.alloc(4 + 1_000_000, 1)
    frame.writeUInt32BE(1_000_000)
    for (const piece of cut(frame, [65_536])) reader.push(piece)
    expect(reader.next()).toHaveLength(1_000_000)
    expect(reader.next()).toBeUndefined()
  })

  it.each([0, -1, -(2 ** 31), MAX_FRAME_BYTES + 1])('refuses a length of %i', (length) => {
    const reader = new FrameReader()
    const head = Buffer.alloc(4)
    head.writeInt32BE(length)
    reader.push(head)
    expect(() => reader.next()).toThrow(WireError)
  })
})

describe('splitFields', () => {
  it('splits at NUL and keeps empty fields', () => {
    expect(splitFields(Buffer.from('1\0\0x\0', 'latin1'))).toEqual(['1', '', 'x'])
  })

  it('refuses a message that does not end in NUL', () => {
    expect(() => splitFields(Buffer.from('49\x001', 'latin1'))).toThrow('ends in NUL')
  })

  it('refuses a message of more fields than any request has', () => {
    expect(() => splitFields(Buffer.alloc(1_000_000))).toThrow('fields')
  })
})
