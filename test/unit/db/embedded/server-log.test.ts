import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reasonIn } from '../../../../db/embedded/launch.ts'
import { logTail, openLog } from '../../../../db/embedded/server-log.ts'

describe('the server’s log', () => {
  let folder = ''
  let log = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck-log-'))
    log = join(folder, 'postgres.log')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('begins anew at the start after it has grown large, keeping one before', async () => {
    await writeFile(log, 'old')
    await truncate(log, 10 * 1024 * 1024 + 1)
    const { handle, startBytes } = await openLog(log)
    await handle.close()
    expect(startBytes).toBe(0)
    expect((await stat(`${log}.1`)).size).toBe(10 * 1024 * 1024 + 1)
    expect((await stat(log)).size).toBe(0)
  })

  it('quotes only what this start wrote', async () => {
    await writeFile(log, 'of yesterday\n')
    const { handle, startBytes } = await openLog(log)
    await handle.appendFile('FATAL:  of today\n')
    await handle.close()
    expect(await logTail(log, startBytes)).toBe('FATAL:  of today')
  })

  it('quotes no more than the end of a long one', async () => {
    await writeFile(log, `${'x'.repeat(100_000)}\nthe end\n`)
    const tail = await logTail(log)
    expect(tail.endsWith('the end')).toBe(true)
    expect(tail.length).toBeLessThan(5000)
  })

  it('has nothing to quote where there is none', async () => {
    expect(await logTail(log)).toBe('')
  })
})

describe('reasonIn', () => {
  it.each([
    ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'embedded-port-taken', true],
    ['FATAL:  pre-existing shared memory block (key 2292138, ID 54) is still in use', 'embedded-still-in-use', true],
    ['FATAL:  lock file "postmaster.pid" already exists', 'embedded-still-in-use', true],
    ['FATAL:  could not load server certificate file', 'embedded-start-failed', false],
  ])('sees in %j whether patience may help', (log, code, retryable) => {
    expect(reasonIn(log)).toEqual({ code, retryable })
  })
})
