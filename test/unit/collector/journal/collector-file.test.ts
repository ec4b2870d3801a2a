import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { CollectorFile } from '../../../../collector/journal/collector-file.ts'
import { temporaryFolder } from './journal-support.ts'
import { unexpected } from '../../../support/unexpected.ts'

const opened = (dataDir: string, onError: (error: unknown, path: string) => void = unexpected) => CollectorFile.open({ dataDir, onError })

describe('the file that identifies a collector', () => {
  it('has one id for good, in a file that is there when the first start goes on', async () => {
    const dataDir = await temporaryFolder()
    const { collectorId } = await opened(dataDir)
    expect(collectorId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await readdir(dataDir)).toEqual(['collector.json'])
    expect((await opened(dataDir)).collectorId).toBe(collectorId)
    expect((await opened(await temporaryFolder())).collectorId).not.toBe(collectorId)
  })

  it('knows the sessions that have not ended, and the greatest id of all', async () => {
    const dataDir = await temporaryFolder()
    const file = await opened(dataDir)
    file.began(11, 1000, 'wall')
    file.began(12, 2000, 'wall')
    file.forget([12])
    file.began(10, 3000, 'gateway')
    await file.saved()

    const next = await opened(dataDir)
    expect(next.lastSessionId).toBe(12)
    expect(next.open).toEqual([
      { sessionId: 11, startedUs: 1000, clock: 'wall', untilUs: 2000 },
      { sessionId: 10, startedUs: 3000, clock: 'gateway' },
    ])
  })

  it('keeps the gap that a run left open, until it is taken back', async () => {
    const dataDir = await temporaryFolder()
    const file = await opened(dataDir)
    file.leaveGap({ fromTsUs: 5, cause: 'collector-crash', clock: 'wall' })
    await file.saved()
    expect((await opened(dataDir)).gap).toEqual({ fromTsUs: 5, cause: 'collector-crash', clock: 'wall' })
    file.leaveGap(undefined)
    await file.saved()
    expect((await opened(dataDir)).gap).toBeUndefined()
  })

  it.each([
    ['no JSON', '{"collectorId": "a'],
    ['something else', '{"collectorId": 7, "lastSessionId": 0, "open": []}'],
    ['nothing', ''],
  ])('is begun anew, and the old one kept, when it holds %s', async (_, text) => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'collector.json'), text)
    const errors: string[] = []
    const file = await opened(dataDir, (_error, path) => errors.push(path))

    expect(errors).toEqual([join(dataDir, 'collector.json')])
    expect((await opened(dataDir)).collectorId).toBe(file.collectorId)
    expect(await readFile(join(dataDir, 'collector.json.damaged'), 'utf8')).toBe(text)
  })

  it('is written when it can be, without a change and without anybody asking', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const dataDir = await temporaryFolder()
    const inTheWay = join(dataDir, 'collector.json.partial')
    await mkdir(inTheWay)
    const errors: unknown[] = []
    const file = await opened(dataDir, (error) => errors.push(error))
    expect(errors).toHaveLength(1)
    file.began(7, 1, 'wall')
    await file.saved()
    await rm(inTheWay, { recursive: true, force: true })
    file.began(8, 2, 'wall')
    await vi.advanceTimersByTimeAsync(5000)
    vi.useRealTimers()
    await file.saved()
    expect((await opened(dataDir)).open.map(({ sessionId }) => sessionId)).toEqual([7, 8])
  })
})
