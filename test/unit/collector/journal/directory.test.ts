import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listSegments, pruneOldest, pruneReleased, releaseSegment, segmentName } from '../../../../collector/journal/directory.ts'
import { temporaryFolder } from './journal-support.ts'

const DAY_MS = 86_400_000

describe('the folder of the journal', () => {
  it('lists segments by session and number, and nothing else', async () => {
    const folder = await temporaryFolder()
    for (const name of ['9-000002.tape', '10-000001.tape', '9-000001.tape', '9-1000000.tape', '9-000003.tape.partial', 'notes.txt'])
      await writeFile(join(folder, name), '')
    await mkdir(join(folder, 'released'))
    await writeFile(join(folder, 'released', '8-000001.tape'), '')

    expect(await listSegments(folder)).toEqual([
      { path: join(folder, '9-000001.tape'), sessionId: 9, segment: 1 },
      { path: join(folder, '9-000002.tape'), sessionId: 9, segment: 2 },
      { path: join(folder, '9-1000000.tape'), sessionId: 9, segment: 1_000_000 },
      { path: join(folder, '10-000001.tape'), sessionId: 10, segment: 1 },
    ])
  })

  it('is made when it is not there', async () => {
    const folder = join(await temporaryFolder(), 'data', 'journal')
    expect(await listSegments(folder)).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  it('spells the names that it lists', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, segmentName(5742489845760007, 12)), '')
    expect(await listSegments(folder)).toMatchObject([{ sessionId: 5742489845760007, segment: 12 }])
  })
})

describe('a released segment', () => {
  it('is put away whole', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, '9-000001.tape'), 'rows')
    await releaseSegment(folder, join(folder, '9-000001.tape'))
    await writeFile(join(folder, '9-000002.tape'), 'rows')
    await releaseSegment(folder, join(folder, '9-000002.tape'))

    expect(await listSegments(folder)).toEqual([])
    expect((await readdir(join(folder, 'released'))).sort()).toEqual(['9-000001.tape', '9-000002.tape'])
  })

  it('is deleted when the days that it is kept for are over, and nothing else is', async () => {
    const folder = await temporaryFolder()
    const released = join(folder, 'released')
    await mkdir(released)
    const nowMs = Date.parse('2026-11-21T12:00:00Z')
    const written = { '1-000001.tape': 4, '2-000001.tape': 3, '3-000001.tape': 2.9, 'mine.tape': 100, '4-000001.tape.copy': 100 }
    for (const [name, daysAgo] of Object.entries(written)) {
      await writeFile(join(released, name), '')
      const time = new Date(nowMs - daysAgo * DAY_MS)
      await utimes(join(released, name), time, time)
    }
    await writeFile(join(folder, '0-000001.tape'), '')
    await utimes(join(folder, '0-000001.tape'), new Date(0), new Date(0))

    expect(await pruneReleased(folder, 3, nowMs)).toBe(2)
    expect((await readdir(released)).sort()).toEqual(['3-000001.tape', '4-000001.tape.copy', 'mine.tape'])
    expect(await listSegments(folder)).toHaveLength(1)
  })

  it('is deleted earlier, the oldest first, when there must be room', async () => {
    const folder = await temporaryFolder()
    const released = join(folder, 'released')
    await mkdir(released)
    for (const name of ['10-000001.tape', '9-1000000.tape', '9-000002.tape', '0.tape']) await writeFile(join(released, name), '')
    await writeFile(join(folder, '0-000001.tape'), '')
    const left: string[][] = []
    while ((await pruneOldest(folder)) > 0) left.push((await readdir(released)).sort())

    expect(left).toEqual([['0.tape', '10-000001.tape', '9-1000000.tape'], ['0.tape', '10-000001.tape'], ['0.tape']])
    expect(await listSegments(folder)).toHaveLength(1)
    expect(await pruneOldest(await temporaryFolder())).toBe(0)
  })

  it('is not missed when there was none yet', async () => {
    expect(await pruneReleased(await temporaryFolder(), 0, Date.now())).toBe(0)
  })
})
