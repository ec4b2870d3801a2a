/** Messages of a gateway that is out of its mind: of every type that there is, some of them nearly right. By seed. */

import fc from 'fast-check'

export type Fields = (string | number)[]

/** The highest number of a message that @stoqey/ib knows is 107. */
const MESSAGE_TYPES = 115
/** Those that the collector listens to come more often: ticks, line events, time, contracts, chains, ids, tick-by-tick. */
const HEARD = [1, 1, 2, 2, 21, 45, 46, 58, 81, 9, 10, 15, 49, 52, 75, 76, 93, 99]
const ERROR = 4
const CURRENT_TIME = 49

const ODD_FIELDS = [
  '',
  '-1',
  '-2',
  '0',
  '-0',
  'NaN',
  'Infinity',
  '-Infinity',
  '1.7976931348623157E308',
  '1e400',
  '2147483647',
  '-2147483648',
  '9007199254740993',
  '99999999999999999999',
  '1,234.5',
  '0x10',
  ' 7',
  '7 ',
  'true',
  '__proto__',
  'constructor',
  '{"a":',
  '[]',
  '\\u0000',
  '\\uZZZZ',
  '\ud800',
  '😀',
  ';;;;;',
  '70.6;2;1401975060123;123456;70.41;true',
  '70.6;2;99999999999999999999;1;1;true',
  "'; DROP TABLE quotes; --",
  'x'.repeat(5000),
]

/** `reqIds`: of lines that are open. */
function message(reqIds: readonly number[]): fc.Arbitrary<Fields> {
  const number = fc.oneof(fc.integer({ min: -5, max: 110 }), fc.double(), fc.integer())
  const field: fc.Arbitrary<string | number> = fc.oneof(
    { weight: 4, arbitrary: number },
    { weight: 2, arbitrary: fc.constantFrom(...ODD_FIELDS) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', '')) },
    { weight: 2, arbitrary: fc.constantFrom(...reqIds) },
  )
  const type = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...HEARD) }, { weight: 1, arbitrary: fc.nat(MESSAGE_TYPES) })
  const any = fc.tuple(type, fc.array(field, { maxLength: 24 })).map(([id, fields]) => [id, ...fields])
  const reqId = fc.constantFrom(...reqIds)
  const tickType = fc.integer({ min: -2, max: 110 })
  const nearly: fc.Arbitrary<Fields>[] = [
    fc.tuple(reqId, tickType, field, field, fc.nat(7)).map((rest) => [1, 6, ...rest]),
    fc.tuple(reqId, tickType, field).map((rest) => [2, 6, ...rest]),
    fc.tuple(reqId, tickType, field).map((rest) => [45, 6, ...rest]),
    fc.tuple(reqId, tickType, field).map((rest) => [46, 6, ...rest]),
    fc.tuple(reqId, tickType, fc.array(field, { minLength: 9, maxLength: 9 })).map(([id, type, rest]) => [21, id, type, ...rest]),
    fc.tuple(reqId, fc.nat(4), field, field, field, field, field).map((rest) => [99, ...rest]),
  ]
  // About nothing that was asked for: an error of an open line ends it.
  const error = fc.tuple(fc.integer({ min: 1_000_000 }), field, field, field).map((rest) => [ERROR, 2, ...rest])
  return fc
    .oneof({ weight: 4, arbitrary: any }, { weight: 1, arbitrary: error }, ...nearly.map((arbitrary) => ({ weight: 2, arbitrary })))
    .filter(([id, , first]) => id !== CURRENT_TIME || !(Number(first) >= 1e14))
    .filter(([id, , about]) => id !== ERROR || !reqIds.includes(Number(about)))
}

/** `count` messages, the same for the same seed and ids. */
export function fuzzedMessages(seed: number, count: number, reqIds: readonly number[]): Fields[] {
  return fc.sample(message(reqIds), { seed, numRuns: count })
}
