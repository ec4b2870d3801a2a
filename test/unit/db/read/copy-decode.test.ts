import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CopyBuffer } from '../../../../db/copy-buffer.ts'
import { quoteDecoder, RowCursor, rejectedDecoder } from '../../../../db/read/copy-decode.ts'
import { Mark, marksText } from '../../../../market/marks.ts'
import type { Quote, Tick } from '../../../../market/tick.ts'
import { quote } from '../../../support/tape/ticks.ts'
import { finding, quarantined, verdictOf } from '../../../support/tape/verdicts.ts'

/** Rows as the server sends them for `quoteDecoder.select`. */
function copyOf(quotes: readonly Quote[]): Buffer {
  const rows = new CopyBuffer()
  for (const { tsUs, seq, instrument, bidPrice, askPrice, bidSize, askSize, source, delayed, marks, verdict } of quotes) {
    rows.row(12)
    rows.time(tsUs)
    rows.integer(seq)
    rows.integer(instrument)
    rows.null()
    for (const value of [bidPrice, bidSize, askPrice, askSize]) rows.float(value ?? Number.NaN)
    rows.text(source)
    if (delayed) rows.boolean(true)
    else rows.null()
    rows.text(marksText(marks))
    if (verdict) rows.bits(1 << 30, 0b101)
    else rows.null()
  }
  return rows.finish()
}

/** What the row says, before its findings are read. */
const flaggedByBits = verdictOf(
  ...['bit-0', 'bit-2', 'bit-62'].map((rule) => ({
    ...finding('flag', rule, 'its findings are not in the database any more'),
    severity: 'error' as const,
  })),
)

describe('the decoder of COPY data', () => {
  it('finds the same rows wherever the bytes are split into chunks', () => {
    const quotes = [
      quote(1),
      quote(2, { bidPrice: undefined }),
      quote(3, { verdict: flaggedByBits }),
      quote(4, { source: 'tick-by-tick', delayed: true }),
      quote(5, { marks: Mark.initial | Mark.late }),
    ]
    const data = copyOf(quotes)
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(data.length), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), data.length]
        const cursor = new RowCursor()
        const found: Tick[] = []
        for (const [i, edge] of edges.entries()) {
          cursor.push(data.subarray(edges[i - 1] ?? 0, edge))
          while (cursor.next()) found.push(quoteDecoder.decode(cursor))
        }
        expect(found).toEqual(quotes)
        expect(cursor.ended).toBe(true)
      }),
    )
  })

  it('does not take cut-off data for the end', () => {
    const data = copyOf([quote(1)])
    const cursor = new RowCursor()
    cursor.push(data.subarray(0, data.length - 2))
    expect(cursor.next()).toBe(true)
    expect(cursor.next()).toBe(false)
    expect(cursor.ended).toBe(false)
  })

  it('takes false for what is not said to be delayed', () => {
    const rows = new CopyBuffer()
    for (const delayed of [true, false]) {
      rows.row(1)
      rows.boolean(delayed)
    }
    const cursor = new RowCursor()
    cursor.push(rows.finish())
    const flags = []
    while (cursor.next()) flags.push(cursor.flag())
    expect(flags).toEqual([true, undefined])
  })

  it('rebuilds a rejected tick whose numbers had to be kept as text', () => {
    const rows = new CopyBuffer()
    rows.row(7)
    rows.time(5)
    rows.integer(6)
    rows.null()
    rows.text('trade')
    rows.text('spike')
    rows.text('too far')
    rows.text(
      '{"price": "-0", "size": "Infinity", "venue": {"base64": "QQBC"}, "conditions": "12", "instrument": 3, "source": "last", "marks": "overnight"}',
    )
    const cursor = new RowCursor()
    cursor.push(rows.finish())
    cursor.next()
    expect(rejectedDecoder.decode(cursor)).toEqual({
      kind: 'trade',
      seq: 6,
      tsUs: 5,
      instrument: 0,
      price: -0,
      size: Number.POSITIVE_INFINITY,
      source: 'last',
      venue: 'A\0B',
      conditions: '12',
      marks: Mark.overnight,
      verdict: quarantined('spike', 'too far'),
    })
  })
})
