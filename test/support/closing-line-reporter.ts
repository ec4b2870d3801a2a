/**
 * Ends every run of the tests with one plain line, `N passed, N failed, N skipped`, for people and scripts that read only the end.
 * Before it stands why tests were skipped, one line for each reason: a passing run must not hide what it did not prove.
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
    allTests(): Iterable<{ fullName: string; result(): { state: keyof Totals | 'pending'; note?: string | undefined } }>
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

/** Why tests were skipped, with the number of tests of each reason. A test that gives none stands for itself: its title says why. */
export function skipReasons(modules: readonly CountedModule[]): string[] {
  const reasons = new Map<string, number>()
  for (const module of modules)
    for (const test of module.children.allTests()) {
      const { state, note } = test.result()
      if (state !== 'skipped') continue
      // Tests of an edition of the database: `what is tested, on the edition: why it is not at hand`.
      const reason = note ?? test.fullName.replace(/^.*, on (?=[^,]+: )/, '')
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  return [...reasons].map(([reason, tests]) => `skipped ${tests}: ${reason}`)
}

export class ClosingLineReporter implements Reporter {
  #totals: Totals = { passed: 0, failed: 1, skipped: 0 }
  #reasons: string[] = []

  onInit(): void {
    process.once('exit', () => {
      const { passed, failed, skipped } = this.#totals
      for (const reason of this.#reasons) process.stdout.write(`${reason}\n`)
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#totals = countTests(modules, unhandledErrors.length)
    this.#reasons = skipReasons(modules)
  }
}
