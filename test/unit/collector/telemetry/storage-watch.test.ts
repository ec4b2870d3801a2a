import { expect, it, onTestFinished, vi } from 'vitest'

import { StorageWatch } from '../../../../collector/telemetry/storage-watch.ts'

const PATIENCE = { timeout: 30_000, interval: 1 }
const REFRESH = { job: 'refresh' as const, on: 'bars_1m', failed: false, overdueSeconds: 90 }

it('shows the last answer, and none while the database is away', async () => {
  let answer: () => Promise<(typeof REFRESH)[]> = () => Promise.reject(new Error('not there yet'))
  const watch = new StorageWatch({ storageJobs: () => answer(), everyMs: 1 })
  onTestFinished(() => watch.stop())
  watch.start()
  expect(watch.jobs).toEqual([])
  answer = () => Promise.resolve([REFRESH])
  await vi.waitFor(() => expect(watch.jobs).toEqual([REFRESH]), PATIENCE)
  answer = () => Promise.reject(new Error('gone'))
  await vi.waitFor(() => expect(watch.jobs).toEqual([]), PATIENCE)
})

it('is not asked any more once it has stopped', async () => {
  let asked = 0
  const watch = new StorageWatch({
    storageJobs: () => {
      asked++
      return Promise.resolve([REFRESH])
    },
    everyMs: 1,
  })
  watch.start()
  await vi.waitFor(() => expect(watch.jobs).toEqual([REFRESH]), PATIENCE)
  watch.stop()
  const before = asked
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(asked).toBe(before)
})
