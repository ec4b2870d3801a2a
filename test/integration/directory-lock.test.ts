import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { acquireDirectoryLock, isProcessAlive, processBirth } from '../../system/directory-lock.ts'
import { compile } from '../support/process/compiled.ts'
import { PATIENTLY } from '../support/waiting.ts'

/**
 * Enters the locked section `rounds` times. `inside` exists while a process is in there: creating it fails when a second one enters.
 * With `fatal`, kills itself with SIGKILL in the last round, holding the lock.
 */
const WORKER = `
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { acquireDirectoryLock } from './system/directory-lock.js'
const [folder, rounds, fatal] = process.argv.slice(2)
for (let round = 1; round <= Number(rounds); round++) {
  const lock = await acquireDirectoryLock(folder + '/lock', { purpose: 'a test', waitMs: 60000 })
  writeFileSync(folder + '/inside', '', { flag: 'wx' })
  await new Promise((resolve) => setImmediate(resolve))
  rmSync(folder + '/inside')
  if (fatal && round === Number(rounds)) process.kill(process.pid, 'SIGKILL')
  appendFileSync(folder + '/rounds', '.')
  await lock.release()
}`

const HOLDER = `
import { acquireDirectoryLock } from './system/directory-lock.js'
await acquireDirectoryLock(process.argv[2] + '/lock', { purpose: 'holding on' })
console.log('held')
setInterval(() => {}, 1000)`

describe('a directory lock', () => {
  let code = ''
  let folder = ''
  let path = ''
  const children: ChildProcess[] = []

  beforeAll(async () => {
    code = await mkdtemp(join(tmpdir(), 'tapedeck-lock-code-'))
    await compile(code, ['system/directory-lock.ts'])
    await writeFile(join(code, 'worker.js'), WORKER)
    await writeFile(join(code, 'holder.js'), HOLDER)
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck lock '))
    path = join(folder, 'lock')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  afterAll(() => rm(code, { recursive: true, force: true }))

  const start = (script: string, ...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [join(code, script), folder, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }
  const startHolder = async (): Promise<ChildProcess> => {
    const child = start('holder.js')
    if (child.stdout) await once(child.stdout, 'data')
    return child
  }

  it('is free again after its release, and a second release does nothing', async () => {
    const first = await acquireDirectoryLock(path, { purpose: 'one' })
    await first.release()
    const second = await acquireDirectoryLock(path, { purpose: 'two' })
    await first.release()
    await expect(acquireDirectoryLock(path, { purpose: 'three' })).rejects.toThrow('(two)')
    await second.release()
    expect(await readdir(folder)).toEqual([])
  })

  it('says which process holds it, since when and for what', async () => {
    const { pid } = await startHolder()
    const attempt = acquireDirectoryLock(path, { purpose: 'recording' })
    await expect(attempt).rejects.toMatchObject({ code: 'directory-locked', retryable: true })
    await expect(attempt).rejects.toThrow(new RegExp(`process ${pid} since 20..-..-..T.*Z \\(holding on\\)`))
  })

  it('gives up after the configured wait', async () => {
    await startHolder()
    await expect(acquireDirectoryLock(path, { purpose: 'recording', waitMs: 50 })).rejects.toMatchObject({ code: 'directory-locked' })
  })

  it('waits for the release', async () => {
    const first = await acquireDirectoryLock(path, { purpose: 'one' })
    const second = acquireDirectoryLock(path, { purpose: 'two', waitMs: 60_000 })
    await first.release()
    await (await second).release()
    expect(await readdir(folder)).toEqual([])
  })

  it('is taken over from a holder that was killed', async () => {
    const holder = await startHolder()
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = await acquireDirectoryLock(path, { purpose: 'recording' })
    await lock.release()
    expect(await readdir(folder)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('is taken over when the holder’s pid has been given to another process', async () => {
    await symlink(`${process.pid} an-earlier-boot/1 2026-01-01T00:00:00.000Z 0011 recording`, path)
    const lock = await acquireDirectoryLock(path, { purpose: 'recording' })
    expect(await readlink(path)).toContain(processBirth(process.pid))
    await lock.release()
  })

  it('is taken over though a taker was killed while it removed the stale lock', async () => {
    const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(dead, 'exit')
    await symlink(`${dead.pid} x/1 2026-01-01T00:00:00.000Z 0011 recording`, path)
    await symlink(`${dead.pid} x/1 2026-01-01T00:00:00.000Z 0022 removing`, `${path}.break`)
    const lock = await acquireDirectoryLock(path, { purpose: 'recording' })
    await lock.release()
    expect(await readdir(folder)).toEqual([])
  })

  it('leaves a file of another kind alone', async () => {
    await writeFile(path, 'mine')
    await expect(acquireDirectoryLock(path, { purpose: 'recording' })).rejects.toMatchObject({ code: 'directory-lock-foreign' })
    expect(await readFile(path, 'utf8')).toBe('mine')
  })

  it('never lets two processes in, though holders are killed again and again', async () => {
    const workers = Array.from({ length: 10 }, (_, i) => start('worker.js', '40', ...(i % 2 === 0 ? ['fatal'] : [])))
    const ends = await Promise.all(workers.map((worker) => once(worker, 'exit')))
    expect(ends).toEqual(workers.map((_, i) => (i % 2 === 0 ? [null, 'SIGKILL'] : [0, null])))
    expect((await readFile(join(folder, 'rounds'), 'utf8')).length).toBe(5 * 39 + 5 * 40)
    const lock = await acquireDirectoryLock(path, { purpose: 'the last' })
    await lock.release()
    await expect(access(join(folder, 'inside'))).rejects.toThrow('ENOENT')
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  it('lets one in at a time of many who find it stale at the same moment', async () => {
    const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(dead, 'exit')
    let inside = 0
    const seen = new Set<number>()
    const enter = async () => {
      const lock = await acquireDirectoryLock(path, { purpose: 'a test', waitMs: 60_000 })
      seen.add(++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      await lock.release()
    }
    for (let round = 0; round < 8; round++) {
      await symlink(`${dead.pid} x/1 2026-01-01T00:00:00.000Z ${round} recording`, path)
      await Promise.all(Array.from({ length: 8 }, enter))
    }
    expect(seen).toEqual(new Set([1]))
  })
})

describe('isProcessAlive', () => {
  it('knows a running process, and one that has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    const pid = child.pid ?? 0
    const birth = processBirth(pid)
    expect(isProcessAlive(pid, birth)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isProcessAlive(pid, birth)).toBe(false)
  })

  it.runIf(process.platform === 'linux')('counts a process that has exited but was not reaped as dead', async () => {
    // The shell starts a child and then becomes a program that reaps no children.
    const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [text] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(text.toString())
      await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8'), PATIENTLY).toBe('sleep\n')
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8'), PATIENTLY).toMatch(/\) Z /)
      expect(isProcessAlive(pid)).toBe(false)
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
