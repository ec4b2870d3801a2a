import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { RowDecoder } from '../../../../db/read/copy-decode.ts'
import { CopiedRows } from '../../../../db/read/copy-out.ts'
import { Piece } from '../../../../db/read/piece.ts'

interface Row {
  tsUs: number
  seq: number
  /** Tells rows apart that are equal otherwise. */
  mark: number
}

/** Of 2000-01-01, from which PostgreSQL counts. */
const EPOCH_US = Date.UTC(2000, 0, 1) * 1000
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const END = Buffer.from([0xff, 0xff])

/** As COPY … TO STDOUT BINARY sends three columns of eight bytes. */
function rowsOf(rows: readonly Row[], isWhole = true): CopiedRows {
  const encoded = rows.map(({ tsUs, seq, mark }) => {
    const row = Buffer.alloc(2 + 3 * 12)
    row.writeInt16BE(3, 0)
    for (const [i, value] of [tsUs - EPOCH_US, seq, mark].entries()) {
      row.writeInt32BE(8, 2 + 12 * i)
      row.writeBigInt64BE(BigInt(value), 6 + 12 * i)
    }
    return row
  })
  const [first = Buffer.alloc(0), ...others] = isWhole ? [...encoded, END] : encoded
  const copied = new CopiedRows()
  for (const data of [Buffer.concat([SIGNATURE, first]), ...others]) {
    const head = Buffer.from('d\0\0\0\0', 'latin1')
    head.writeInt32BE(4 + data.length, 1)
    copied.push(Buffer.concat([head, data]))
  }
  return copied
}

const decoder: RowDecoder<Row> = {
  select: 'ts, seq, mark',
  decode: (row) => ({ tsUs: row.time() ?? Number.NaN, seq: row.integer(), mark: row.integer() }),
}

const readOf = (rows: readonly Row[]) => [...new Piece(rowsOf(rows), 'quotes').inOrder(decoder)].flat()
const sorted = (rows: readonly Row[]) => [...rows].sort((a, b) => a.tsUs - b.tsUs || a.seq - b.seq)

describe('a piece of a table', () => {
  it('hands rows out in the order of the tape, however they came and whatever numbers they have', () => {
    const row = fc.record({ tsUs: fc.integer({ min: EPOCH_US, max: EPOCH_US + 50 }), seq: fc.integer({ min: 1, max: 60 }), mark: fc.nat() })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        expect(readOf(rows)).toEqual(sorted(rows))
      }),
    )
  })

  it('hands out the rows of a session, which numbers them by time, without one missing or twice', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ tsUs: EPOCH_US + 7 * i, seq: 10 + 3 * i, mark: i }))
    const byInstrument = [...rows].sort((a, b) => (a.mark % 37) - (b.mark % 37))
    expect(readOf(byInstrument)).toEqual(rows)
  })

  it('hands out rows whose numbers lie far apart', () => {
    const rows = [5e15, 3, 8_000_000, 12].map((seq, mark) => ({ tsUs: EPOCH_US + (seq % 1000), seq, mark }))
    expect(readOf(rows)).toEqual(sorted(rows))
  })

  it('may be empty', () => {
    expect(readOf([])).toEqual([])
  })

  const ONE = [{ tsUs: EPOCH_US, seq: 1, mark: 1 }]

  it('refuses rows that end early', () => {
    expect(() => new Piece(rowsOf(ONE, false), 'quotes')).toThrow('the rows of quotes ended too early')
  })

  it('refuses rows of other columns', () => {
    const fewer: RowDecoder<number> = { select: 'ts, seq', decode: (row) => (row.time() ?? 0) + row.integer() }
    expect(() => [...new Piece(rowsOf(ONE), 'quotes').inOrder(fewer)]).toThrow('a row of quotes has other columns than were asked for')
  })
})
