import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { CanonicalHash } from '../../../../backtester/run/canonical-hash.ts'

const hashOf = (...values: readonly unknown[]) => {
  const hash = new CanonicalHash()
  for (const value of values) hash.value(value)
  return hash.digest()
}
const hashOfBytes = (hex: string) =>
  createHash('sha256')
    .update(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    .digest('hex')

const anything = () => {
  const decimal = fc.tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.nat({ max: 8 })).map(([digits, places]) => digits / 10 ** places)
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(decimal, fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.boolean(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }))
  return tree
}

/** What two values have in common that have one hash. */
function sameOf(value: unknown): unknown {
  if (typeof value === 'number') return String(Number.isSafeInteger(value) ? value : Number(value.toPrecision(12)))
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sameOf)
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  return { fields: entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, entry]) => [name, sameOf(entry)]) }
}

it('hashes these bytes', () => {
  const order = { side: 'buy', id: 2, reason: undefined, request: { note: 'ü', legs: [1.5, null, true, false] } }
  expect(hashOf(order, { id: Number.NaN, side: '' })).toBe(
    hashOfBytes(
      [
        '07 ff 02000000 6964 03 0000000000000040', // id: 2
        'ff 07000000 72657175657374 07', // request: {
        'ff 04000000 6c656773 06 04000000 03 000000000000f83f 00 02 01', // legs: [1.5, null, true, false]
        'ff 04000000 6e6f7465 05 02000000 c3bc 00', // note: 'ü' }
        'ff 04000000 73696465 05 03000000 627579 00', // side: 'buy' }
        '07 01 04 05 05 00000000 00', // its names have the numbers 1 and 5 by now
      ].join(''),
    ),
  )
})

it('is one hash for values that are the same but for the order of fields, what is undefined, and digits behind the twelfth', () => {
  const shuffled = (value: unknown): unknown => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) return Number(value.toPrecision(12))
    if (typeof value !== 'object' || value === null) return Object.is(value, 0) ? -0 : value
    if (Array.isArray(value)) return value.map(shuffled)
    const entries = Object.entries(value).map(([name, entry]) => [name, shuffled(entry)])
    return { ['not there']: undefined, ...Object.fromEntries(entries.reverse()) }
  }
  fc.assert(
    fc.property(fc.array(anything(), { maxLength: 20 }), (values) => {
      expect(hashOf(...values.map(shuffled))).toBe(hashOf(...values))
    }),
    { numRuns: 500 },
  )
})

it('is another hash for other values', () => {
  fc.assert(
    fc.property(anything(), anything(), (one, other) => {
      expect(hashOf(one) === hashOf(other)).toBe(JSON.stringify(sameOf(one)) === JSON.stringify(sameOf(other)))
    }),
    { numRuns: 2000 },
  )
  const hashes = [[], {}, '', 0, false, null, Number.NaN, [[]], [{}], { a: [] }, { a: {} }, { a: 1 }, { b: 1 }, [1], ['1'], 'a', 'b']
  expect(new Set(hashes.map((value) => hashOf(value))).size).toBe(hashes.length)
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
  expect(hashOf([1], 2)).not.toBe(hashOf([1, 2]))
})

it('rounds to 12 significant digits, and keeps whole numbers as they are', () => {
  const same = [
    [0.1 + 0.2, 0.3],
    [100 / 3, 33.333_333_333_3],
    [12_345.678_901_234_5, 12_345.678_901_2],
    [1.234_567_890_123_4e-7, 1.234_567_890_12e-7],
    [-0, 0],
  ] as const
  for (const [one, other] of same) expect(hashOf(one)).toBe(hashOf(other))
  expect(hashOf(1_401_975_000_000_001)).not.toBe(hashOf(1_401_975_000_000_002))
  expect(hashOf(1e-7)).not.toBe(hashOf(1.000_000_000_01e-7))
})

it('knows names and rows of more shapes than it keeps', () => {
  const rows = Array.from({ length: 1200 }, (_, i) => ({ [`z${i % 400}`]: i, a: 1 }))
  const turned = rows.map((row) => Object.fromEntries(Object.entries(row).reverse()))
  expect(hashOf(...turned)).toBe(hashOf(...rows))
  expect(hashOf(...rows.slice(1))).not.toBe(hashOf(...rows))
})

it('hashes what is longer than it keeps waiting', () => {
  const long = ['x'.repeat(40_000), 'ü'.repeat(12_000)]
  const bytes = long.map(
    (text) => `05${Buffer.from(Uint32Array.of(Buffer.byteLength(text)).buffer).toString('hex')}${Buffer.from(text).toString('hex')}`,
  )
  expect(hashOf(...long)).toBe(hashOfBytes(bytes.join('')))
  const numbers = Array.from({ length: 10_000 }, () => '03000000000000f03f')
  expect(hashOf(...numbers.map(() => 1))).toBe(hashOfBytes(numbers.join('')))
})
