/**
 * Ends every run of the tests with one plain line, `N passed, N failed, N skipped`, for people and scripts that read only the end.
 * States: not ended (a run that dies here counts as one failure), then ended with its totals. The line is printed when the
 * process exits, because other reporters and vitest itself still write after the run's end.
 */

import type { Reporter, TestModule } from 'vitest/node'

interface Totals {
  passed: number
  failed: number
  skipped: number
}

/** What is read of vitest's TestModule. */
interface CountedModule {
  errors(): readonly unknown[]
  children: {
    allSuites(): Iterable<{ errors(): readonly unknown[] }>
    allTests(): Iterable<{ result(): { state: keyof Totals | 'pending' } }>
  }
}

/**
 * Counts tests. A file or suite that fails outside its tests (it does not load, a hook throws) and every unhandled error
 * is one failure more; a test that never finished has failed; a todo is skipped.
 */
export function countTests(modules: readonly CountedModule[], unhandledErrors: number): Totals {
  const totals: Totals = { passed: 0, failed: unhandledErrors, skipped: 0 }
  for (const module of modules) {
    if (module.errors().length > 0) totals.failed++
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) totals.failed++
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      totals[state === 'pending' ? 'failed' : state]++
    }
  }
  return totals
}

export class ClosingLineReporter implements Reporter {
  #totals: Totals = { passed: 0, failed: 1, skipped: 0 }

  onInit(): void {
    process.once('exit', () => {
      const { passed, failed, skipped } = this.#totals
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#totals = countTests(modules, unhandledErrors.length)
  }
}
