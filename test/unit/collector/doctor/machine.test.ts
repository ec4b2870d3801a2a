import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { checkDirectory, checkLock, checkNode } from '../../../../collector/doctor/machine.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tapedeck-doctor-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

describe('the doctor at this machine', () => {
  it.each([
    ['18.20.4', 'failed'],
    ['20.18.9', 'failed'],
    ['20.19.0', 'ok'],
    ['24.0.0', 'ok'],
  ])('finds Node.js %s %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
  })

  it('judges the space of the data directory by what the journal may take and leaves to others', async () => {
    const dataDir = await folder()
    const check = (limitBytes: number, minFreeBytes: number) => checkDirectory({ dataDir, limitBytes, minFreeBytes, fsyncMs: 60_000 })
    expect(await check(0, 0)).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/: [\d.]+ GiB free, a write is durable in [\d.]+ ms$/),
    })
    expect(await check(2 ** 60, 0)).toMatchObject({ state: 'warning', todo: expect.stringContaining('journal.limitBytes') })
    expect(await check(0, 2 ** 60)).toMatchObject({ state: 'failed', todo: expect.stringContaining('journal.minFreeBytes') })
    expect(await readdir(dataDir)).toEqual([])
  })

  it('warns of a disk that is slower than the journal wants it', async () => {
    const finding = await checkDirectory({ dataDir: await folder(), limitBytes: 0, minFreeBytes: 0, fsyncMs: 0 })
    expect(finding).toMatchObject({ state: 'warning', todo: expect.stringContaining('journal.fsyncMs') })
  })

  it('looks at the folder in which the data directory is yet to be made, and makes none', async () => {
    const home = await folder()
    const finding = await checkDirectory({ dataDir: join(home, 'a', 'b'), limitBytes: 0, minFreeBytes: 0, fsyncMs: 60_000 })
    expect(finding).toMatchObject({
      state: 'ok',
      found: expect.stringContaining(`a/b, which does not exist yet and will be made in ${home}:`),
    })
    expect(await readdir(home)).toEqual([])
  })

  it('says that a file is in the way', async () => {
    const file = join(await folder(), 'file')
    await writeFile(file, '')
    const finding = await checkDirectory({ dataDir: join(file, 'data'), limitBytes: 0, minFreeBytes: 0, fsyncMs: 60_000 })
    expect(finding).toMatchObject({ state: 'failed', found: expect.stringContaining('is not a folder') })
  })

  it('distinguishes a running collector, a killed one and none', async () => {
    const dataDir = await folder()
    expect(await checkLock(dataDir)).toMatchObject({ state: 'ok', isRunning: false })
    const lock = join(dataDir, 'collector.lock')
    await symlink(`${process.pid}  2026-11-21T00:00:00.000Z 00 test`, lock)
    expect(await checkLock(dataDir)).toMatchObject({ state: 'ok', isRunning: true, found: expect.stringContaining(String(process.pid)) })
    await rm(lock)
    // Above every process number that a system gives.
    await symlink('99999999  2026-11-21T00:00:00.000Z 00 test', lock)
    expect(await checkLock(dataDir)).toMatchObject({ state: 'warning', isRunning: false, found: expect.stringContaining('was killed') })
    await rm(lock)
    await mkdir(lock)
    expect(await checkLock(dataDir)).toMatchObject({ state: 'failed', isRunning: false })
  })
})
