/**
 * The suites: `unit` answers in seconds, `integration` needs the database, `e2e` runs the built product, `browser` needs a browser, `chaos` kills real
 * processes, `bench` measures.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { defineConfig } from 'vitest/config'
import { builtFiles, builtProduct } from './test/support/built-product.ts'
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts'

/** Unit tests that stop the clock, themselves or by what they share. */
const stopTheClock = ['test/unit', 'test/property']
  .flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith('.test.ts') && /useFakeTimers|lines-support/.test(readFileSync(join(import.meta.dirname, file), 'utf8')))

// Far above what any unit test takes: a busy machine must fail none.
const unit = { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2, benchmark: { include: [] }, sequence: { groupOrder: 0 } }

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['test/{unit,property}/**/*.test.ts'],
          exclude: stopTheClock,
          // Files share a process and what it has imported: half of the time went into importing the same modules for each of them.
          isolate: false,
        },
      },
      // Each in a process of its own: a timer that another file left would stand still with the clock, and count as one of theirs.
      { test: { ...unit, name: 'unit-clock', include: stopTheClock } },
      ...['integration', 'e2e'].map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          globalSetup: 'test/support/database/global-setup.ts',
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          benchmark: { include: [] },
          sequence: { groupOrder: 1 },
        },
      })),
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          benchmark: { include: [] },
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          globalSetup: 'test/support/database/global-setup.ts',
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          benchmark: { include: [] },
          sequence: { groupOrder: 3 },
        },
      },
      {
        plugins: [builtProduct()],
        test: {
          name: 'bench',
          include: [],
          server: { deps: { external: [builtFiles] } },
          globalSetup: 'test/support/database/global-setup.ts',
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          benchmark: { include: ['test/bench/**/*.bench.ts'] },
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
