import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it, onTestFinished, vi } from 'vitest'

import { DiskSpace } from '../../../../collector/telemetry/disk-space.ts'

it('knows the disk of a folder once it has started, and nothing of a folder that is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-disk-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const disk = new DiskSpace({ folder, reservedBytes: 5, everyMs: 5 })
  onTestFinished(() => disk.stop())
  expect(disk).toMatchObject({ freeBytes: Number.NaN, sizeBytes: Number.NaN, reservedBytes: 5 })
  await disk.start()
  expect(disk.freeBytes).toBeGreaterThan(0)
  expect(disk.sizeBytes).toBeGreaterThanOrEqual(disk.freeBytes)
  await rm(folder, { recursive: true })
  await vi.waitFor(() => expect(disk.freeBytes).toBeNaN(), { timeout: 30_000, interval: 5 })
})
