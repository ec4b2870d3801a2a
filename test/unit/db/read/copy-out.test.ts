import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CopiedBytes } from '../../../../db/read/copy-out.ts'

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

function read(parts: readonly Buffer[]): { data: string; after: string } {
  const copied = new CopiedBytes()
  const after: Buffer[] = []
  for (const part of parts) {
    if (after.length > 0) after.push(part)
    else {
      const rest = copied.push(part)
      if (rest) after.push(rest)
    }
  }
  return { data: copied.bytes.toString('latin1'), after: Buffer.concat(after).toString('latin1') }
}

const done = [message('c', ''), message('C', 'COPY 3\0'), message('Z', 'T')]

describe('what a COPY sends', () => {
  it('is put together however it was cut, without the messages among it, and what follows it is left', () => {
    const row = fc.string({ unit: 'binary-ascii', maxLength: 30 })
    const places = fc.array(fc.nat(400), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), places, (rows, at) => {
        const among = [message('N', 'SNOTICE\0\0'), message('S', 'TimeZone\0UTC\0')]
        const sent = Buffer.concat([message('H', '\x01\0\0'), ...rows.flatMap((text) => [message('d', text), ...among]), ...done])
        expect(read(cut(sent, at))).toEqual({ data: rows.join(''), after: Buffer.concat(done).toString('latin1') })
      }),
    )
  })

  it('ends where the server says that it failed', () => {
    const failed = message('E', 'SERROR\0C57014\0\0')
    const sent = Buffer.concat([message('H', '\x01\0\0'), message('d', 'first'), failed, message('Z', 'E')])
    expect(read([sent])).toEqual({ data: 'first', after: Buffer.concat([failed, message('Z', 'E')]).toString('latin1') })
  })

  it('may be longer than the room there is for it', () => {
    const row = 'x'.repeat(700_000)
    expect(read([message('d', row), message('d', row), ...done]).data).toHaveLength(1_400_000)
  })
})
