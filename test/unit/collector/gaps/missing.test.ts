import { expect, it } from 'vitest'
import { isPassing, openGaps } from '../../../../collector/gaps/missing.ts'

const missing = [
  { instrument: 1, cause: 'refused: 354', sinceUs: 30 },
  { instrument: 2, cause: 'silent', sinceUs: 20 },
  { instrument: 3, cause: 'refused: 354', sinceUs: 10 },
]

it('gaps that are open are those of all lines and farms, and each cause of single lines once', () => {
  expect(openGaps([{ fromTsUs: 15, cause: 'farm-broken: usopt' }], false, missing)).toEqual([
    { fromTsUs: 10, cause: 'refused: 354', lines: 2 },
    { fromTsUs: 15, cause: 'farm-broken: usopt' },
    { fromTsUs: 20, cause: 'silent', lines: 1 },
  ])
})

it('single lines are not listed beside a gap of all', () => {
  expect(openGaps([{ fromTsUs: 15, cause: 'ib-1100' }], true, missing)).toEqual([{ fromTsUs: 15, cause: 'ib-1100' }])
})

it.each([
  ['silent', true],
  ['no-data', true],
  ['no-answer', true],
  ['refused: 10197', true],
  ['refused: 10182', true],
  ['refused: 354', false],
  ['refused: 200', false],
  ['refused: 101', false],
  ['no-line', false],
  ['delayed data is not wanted', false],
])('%s ends by itself: %s', (cause, expected) => {
  expect(isPassing({ cause })).toBe(expected)
})
