/**
 * The suites: `unit` answers in seconds, `integration` needs the database, `e2e` runs the built product, `browser` needs a browser, `chaos` kills real
 * processes, `bench` measures.
 */

import { defineConfig } from 'vitest/config'
import { builtFiles, builtProduct } from './test/support/built-product.ts'
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,property}/**/*.test.ts'],
          // Files share a process and what it has imported: half of the time went into importing the same modules for each of them.
          isolate: false,
          // Far above what any takes: a busy machine must fail none.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          benchmark: { include: [] },
          sequence: { groupOrder: 0 },
        },
      },
      ...['integration', 'e2e'].map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          globalSetup: 'test/support/database/global-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
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
