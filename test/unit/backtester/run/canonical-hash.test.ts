import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { CanonicalHash } from '../../../../backtester/run/canonical-hash.ts'

const hashOf = (values: readonly unknown[]) => {
  const hash = new CanonicalHash()
  for (const value of values) hash.value(value)
  return hash.digest()
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The same, in the plainest way. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return String(Number.isSafeInteger(value) ? value : Number(value.toPrecision(12)))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${textOf(entry)}`).join()}}`
}

it('hashes whatever JSON can hold', () => {
  const decimal = fc.tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.nat({ max: 8 })).map(([digits, places]) => digits / 10 ** places)
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(
        decimal,
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.maxSafeInteger(),
        fc.string({ unit: 'binary' }),
        fc.boolean(),
      ),
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 5 }),
    ),
  }))
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 20 }), (values) => {
      expect(hashOf(values)).toBe(sha256(values.map((value) => `${textOf(value)}\n`).join('')))
    }),
    { numRuns: 500 },
  )
  const long = ['x'.repeat(40_000), 'ü'.repeat(12_000), 'x'.repeat(40_000)]
  expect(hashOf(long)).toBe(sha256(long.map((text) => `${JSON.stringify(text)}\n`).join('')))
})

it('hashes a line of JSON with sorted keys for each value, and nothing of what is undefined', () => {
  const values = [
    { side: 'buy', id: 2, reason: undefined, request: { type: 'market', note: 'a "b"', legs: [1, null, true] } },
    { b: 1, a: 2 },
    -0,
  ]
  expect(hashOf(values)).toBe(
    sha256('{"id":2,"request":{"legs":[1,null,true],"note":"a \\"b\\"","type":"market"},"side":"buy"}\n{"a":2,"b":1}\n0\n'),
  )
})

it('rounds to 12 significant digits, and keeps whole numbers as they are', () => {
  const values = [
    0.1 + 0.2,
    100 / 3,
    12_345.678_901_234_5,
    -0.1,
    1e-7,
    1.234_567_890_123_4e-7,
    1_401_975_000_000_001,
    0.000_012_345_678_901_26,
    1e21,
  ]
  const texts = [
    '0.3',
    '33.3333333333',
    '12345.6789012',
    '-0.1',
    '1e-7',
    '1.23456789012e-7',
    '1401975000000001',
    '0.0000123456789013',
    '1e+21',
  ]
  expect(hashOf(values)).toBe(sha256(texts.map((text) => `${text}\n`).join('')))
})

it('knows rows of more shapes than it keeps', () => {
  const numbers = Array.from({ length: 80 }, (_, i) => i % 40)
  const texts = numbers.map((number) => `{"a":1,"z${number}":${number}}\n`)
  expect(hashOf(numbers.map((number) => ({ [`z${number}`]: number, a: 1 })))).toBe(sha256(texts.join('')))
})

it('hashes what is longer than it keeps waiting', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ price: i }))
  expect(hashOf(rows)).toBe(sha256(rows.map(({ price }) => `{"price":${price}}\n`).join('')))
})
