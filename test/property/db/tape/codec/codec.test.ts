import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordCursor } from '../../../../../db/tape/codec/decode.ts'
import { RecordEncoder } from '../../../../../db/tape/codec/encode.ts'
import type { TapeRecord } from '../../../../../market/tick.ts'

import { anyRecord as record, instrument, integer } from '../../../../support/tape/any-record.ts'

function encoded(records: TapeRecord[]): Buffer {
  const encoder = new RecordEncoder()
  for (const one of records) encoder.append(one)
  return encoder.bytes()
}

function decoded(payload: Uint8Array): TapeRecord[] {
  const cursor = new RecordCursor(payload)
  const records: TapeRecord[] = []
  while (cursor.next()) records.push(cursor.record())
  return records
}

describe('the codec', () => {
  it('gives back every record as it was, of every kind', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        expect(decoded(encoded(records))).toEqual(records)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps every record on a multiple of 8 bytes, so that many encode to the bytes of each', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 10 }), (records) => {
        const singly = records.map((one) => Buffer.from(encoded([one])))
        expect(singly.every(({ length }) => length % 8 === 0)).toBe(true)
        expect(encoded(records)).toEqual(Buffer.concat(singly))
      }),
    )
  })

  it('gives the verdict and the numbers of a record without making an object of it', () => {
    fc.assert(
      fc.property(record, (one) => {
        const cursor = new RecordCursor(encoded([one]))
        expect(cursor.next()).toBe(true)
        expect([cursor.seq, cursor.tsUs]).toEqual([one.seq, one.tsUs])
        expect(cursor.verdict()).toEqual('verdict' in one ? one.verdict : undefined)
        expect(cursor.isDelayed).toBe('delayed' in one && one.delayed === true)
        expect(cursor.marks).toBe('marks' in one ? (one.marks ?? 0) : 0)
        if (one.kind === 'quote') expect([cursor.number(1), cursor.quoteSource]).toEqual([one.bidPrice ?? Number.NaN, one.source])
      }),
    )
  })

  it('takes NaN for absent, where a field may be absent', () => {
    fc.assert(
      fc.property(instrument, integer, (id, seq) => {
        const absent = { kind: 'quote', seq, tsUs: seq, instrument: id, bidPrice: Number.NaN, askPrice: undefined } as const
        expect(decoded(encoded([absent]))).toEqual([{ kind: 'quote', seq, tsUs: seq, instrument: id }])
      }),
    )
  })

  it('ends in a FeedError or in records, never in another error, on bytes that are none', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (records, position, change) => {
          const bytes = Buffer.from(new Uint8Array(encoded(records)).buffer)
          const at = position % bytes.length
          bytes.writeUInt8(bytes.readUInt8(at) ^ change, at)
          try {
            decoded(bytes)
          } catch (error) {
            expect(error).toMatchObject({ name: 'FeedError', code: 'tape-corrupt' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
