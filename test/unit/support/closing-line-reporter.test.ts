import { expect, it } from 'vitest'
import { countTests, skipReasons } from '../../support/closing-line-reporter.ts'

const failures = (count: number) => ({ errors: () => Array.from({ length: count }, () => new Error('failed')) })

function module(states: ('passed' | 'failed' | 'skipped' | 'pending')[], { ownErrors = 0, suiteErrors = 0 } = {}) {
  return {
    ...failures(ownErrors),
    children: {
      allSuites: () => [failures(suiteErrors)],
      allTests: () => states.map((state) => ({ fullName: 'a test', result: () => ({ state }) })),
    },
  }
}

it('counts the tests of every file', () => {
  expect(countTests([module(['passed', 'failed']), module(['passed', 'skipped'])], 0)).toEqual({ passed: 2, failed: 1, skipped: 1 })
})

it('counts a file that does not load as one failure', () => {
  expect(countTests([module([], { ownErrors: 2 })], 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

it('counts a suite whose hook throws as one failure beside its skipped tests', () => {
  expect(countTests([module(['skipped'], { suiteErrors: 1 })], 0)).toEqual({ passed: 0, failed: 1, skipped: 1 })
})

it('counts a test that never finished and every unhandled error as failures', () => {
  expect(countTests([module(['pending'])], 2)).toEqual({ passed: 0, failed: 3, skipped: 0 })
})

it('gives the reason of every skip once, with the number of tests', () => {
  const skipped = (fullName: string, note?: string) => ({ fullName, result: () => ({ state: 'skipped' as const, note }) })
  const tests = [
    skipped('a', 'this server asks for no password'),
    skipped('b', 'this server asks for no password'),
    skipped('the migrator, on TimescaleDB in a container: no container runtime answers'),
    skipped('the reader, on TimescaleDB in a container: no container runtime answers'),
    skipped('the shared data (SKIPPED: it is absent) > is whole'),
    { fullName: 'c', result: () => ({ state: 'passed' as const }) },
  ]
  expect(skipReasons([{ ...failures(0), children: { allSuites: () => [], allTests: () => tests } }])).toEqual([
    'skipped 2: this server asks for no password',
    'skipped 2: TimescaleDB in a container: no container runtime answers',
    'skipped 1: the shared data (SKIPPED: it is absent) > is whole',
  ])
})
