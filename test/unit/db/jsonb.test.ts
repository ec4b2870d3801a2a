import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { jsonbText, parseJsonb, storableText } from '../../../db/jsonb.ts'

describe('JSON for jsonb', () => {
  it('brings every text and every list back, and holds no NUL', () => {
    const value = fc.object({ key: fc.string(), values: [fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant('a\0b')] })
    fc.assert(
      fc.property(value, (original) => {
        const text = jsonbText(original)
        expect(text).not.toMatch(/\\u0000|\0/)
        expect(parseJsonb(text)).toEqual(original)
      }),
    )
  })

  it('keeps numbers that JSON lacks as text', () => {
    expect(jsonbText({ a: -0, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY, d: 5e-324 })).toBe(
      '{"a":"-0","b":"Infinity","c":"-Infinity","d":5e-324}',
    )
  })

  it('replaces only what cannot be stored at all', () => {
    expect(parseJsonb(jsonbText({ 'a\0': 'lone \ud800' }))).toEqual({ 'a␀': 'lone \ufffd' })
  })
})

describe('text for a text column', () => {
  it('shows NUL as its symbol and leaves everything else', () => {
    expect(storableText('a\0b')).toBe('a␀b')
    expect(storableText('plain \u{1f4c8}')).toBe('plain \u{1f4c8}')
    expect(storableText('\ud800')).toBe('\ufffd')
  })
})
