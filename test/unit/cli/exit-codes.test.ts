import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { exitCodeOf } from '../../../cli/exit-codes.ts'
import { ConfigError, FeedError, TapedeckError } from '../../../market/errors.ts'

const unreadable = () => {
  try {
    return readFileSync('/nowhere/at/all')
  } catch (error) {
    return error
  }
}

it.each([
  ['a wrong setting', new ConfigError('x', { code: 'x' }), 2],
  ['a setting that only has to wait', new ConfigError('x', { code: 'x', retryable: true }), 1],
  ['a failure', new FeedError('x', { code: 'x' }), 1],
  ['an export that was interrupted', new TapedeckError('x', { code: 'export-stopped' }), 130],
  ['a fault of the system', unreadable(), 1],
  ['a bug, whose trace has to be seen', new TypeError('x is not a function'), undefined],
])('of %s', (_, error, code) => {
  expect(exitCodeOf(error)).toBe(code)
})
