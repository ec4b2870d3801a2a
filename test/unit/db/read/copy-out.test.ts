import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CopiedRows } from '../../../../db/read/copy-out.ts'

function message(code: string, text: string): Buffer {
  const head = Buffer.alloc(5)
  head.write(code, 'latin1')
  head.writeInt32BE(4 + text.length, 1)
  return Buffer.concat([head, Buffer.from(text, 'latin1')])
}

/** Cuts bytes at places that may be the same, or behind the end. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((to, i) => bytes.subarray(sorted[i], to))
}

const SIGNATURE = 'PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0'
const END = '\xff\xff'

/** Rows of one field, each in its message, and the end behind them. */
function messagesOf(rows: readonly string[]): Buffer[] {
  return [...rows.map((text) => `\0\x01${text}`), END].map((data, i) => message('d', i === 0 ? SIGNATURE + data : data))
}

function read(parts: readonly Buffer[], copied = new CopiedRows()): { rows: string[]; ended: boolean; after: string } {
  const after: Buffer[] = []
  for (const part of parts) {
    if (after.length > 0) after.push(part)
    else {
      const rest = copied.push(part)
      if (rest) after.push(rest)
    }
  }
  const { bytes, starts, ends, ended } = copied
  const rows = [...starts].map((start, i) => bytes.toString('latin1', start, ends[i]))
  return { rows, ended, after: Buffer.concat(after).toString('latin1') }
}

const done = [message('c', ''), message('C', 'COPY 3\0'), message('Z', 'T')]

const AFTER = Buffer.concat(done).toString('latin1')

describe('what a COPY sends', () => {
  it('has its rows found however it was cut, without the messages among it, and what follows it is left', () => {
    const row = fc.string({ unit: 'binary-ascii', maxLength: 30 })
    const places = fc.array(fc.nat(400), { maxLength: 20 })
    const copied = new CopiedRows()
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), places, (rows, at) => {
        const among = [message('N', 'SNOTICE\0\0'), message('S', 'TimeZone\0UTC\0')]
        const sent = Buffer.concat([message('H', '\x01\0\0'), ...messagesOf(rows).flatMap((one) => [one, ...among]), ...done])
        // In memory that was used before.
        expect(read(cut(sent, at), copied.clear())).toEqual({ rows, ended: true, after: AFTER })
      }),
    )
  })

  it('ends where the server says that it failed', () => {
    const failed = message('E', 'SERROR\0C57014\0\0')
    const [first = Buffer.alloc(0)] = messagesOf(['first'])
    const sent = Buffer.concat([message('H', '\x01\0\0'), first, failed, message('Z', 'E')])
    expect(read([sent])).toEqual({ rows: ['first'], ended: false, after: Buffer.concat([failed, message('Z', 'E')]).toString('latin1') })
  })

  it('may be longer, and have more rows, than there is room for', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => 'x'.repeat(i % 400))
    expect(read([...messagesOf(rows), ...done])).toEqual({ rows, ended: true, after: AFTER })
  })
})
