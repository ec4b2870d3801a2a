import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CopyBuffer, rowOffsets, sliceRows } from '../../../db/copy-buffer.ts'
import { RowCursor } from '../../../db/read/copy-decode.ts'

/** Typed from "Binary Format" of COPY in PostgreSQL's manual. */
const SIGNATURE = '5047434f50590aff0d0a00 00000000 00000000'
const TRAILER = 'ffff'
const hex = (text: string) => text.replaceAll(' ', '')

function rowsOf(count: number): CopyBuffer {
  const rows = new CopyBuffer()
  for (let i = 0; i < count; i++) {
    rows.row(2)
    rows.integer(i)
    rows.text('x'.repeat(i % 7))
  }
  return rows
}

describe('COPY data', () => {
  it('is laid out as PostgreSQL documents it', () => {
    const rows = new CopyBuffer()
    rows.row(8)
    rows.integer(1)
    rows.integer(-1)
    rows.time(Date.UTC(2000, 0, 1) * 1000 + 1)
    rows.float(1.5)
    rows.float(Number.NaN)
    rows.text('é')
    rows.jsonb('{}')
    rows.boolean(true)
    expect(rows.finish().toString('hex')).toBe(
      hex(
        `${SIGNATURE} 0008 00000008 0000000000000001 00000008 ffffffffffffffff 00000008 0000000000000001 00000008 3ff8000000000000 ffffffff ` +
          `00000002 c3a9 00000003 01 7b7d 00000001 01 ${TRAILER}`,
      ),
    )
  })

  it('without rows is signature and trailer, also after rows were forgotten', () => {
    const rows = rowsOf(3)
    rows.clear()
    expect(rows.rows).toBe(0)
    expect(rows.finish().toString('hex')).toBe(hex(SIGNATURE + TRAILER))
  })

  it('holds every safe integer and every time exactly', () => {
    const value = fc.maxSafeInteger().map((integer) => (integer === 0 ? 0 : integer))
    fc.assert(
      fc.property(value, value, fc.double({ noNaN: true }), (integer, tsUs, float) => {
        const rows = new CopyBuffer()
        rows.row(3)
        rows.integer(integer)
        rows.time(tsUs)
        rows.float(float)
        const data = rows.finish()
        expect(data.readBigInt64BE(25)).toBe(BigInt(integer))
        expect(data.readBigInt64BE(37)).toBe(BigInt(tsUs) - 946_684_800_000_000n)
        const cursor = new RowCursor()
        cursor.push(data)
        expect(cursor.next()).toBe(true)
        expect([cursor.integer(), cursor.time(), cursor.float()]).toEqual([integer, tsUs, float])
      }),
    )
  })

  it('grows with its rows, however long their texts', () => {
    const rows = new CopyBuffer(64)
    const texts = ['', '\u{1f4c8}'.repeat(5000), 'short']
    for (const text of texts) {
      rows.row(2)
      rows.text(text)
      rows.jsonb(JSON.stringify(text))
    }
    const cursor = new RowCursor()
    cursor.push(rows.finish())
    expect(texts.map(() => cursor.next() && cursor.text())).toEqual(texts)
  })

  it('is cut between rows into data that is whole again', () => {
    const data = rowsOf(10).finish()
    const offsets = rowOffsets(data)
    expect(offsets).toHaveLength(11)
    const cursor = new RowCursor()
    cursor.push(sliceRows(data, offsets[4] ?? 0, offsets[7] ?? 0))
    const found = []
    while (cursor.next()) found.push(cursor.integer())
    expect(found).toEqual([4, 5, 6])
    expect(cursor.ended).toBe(true)
  })
})
