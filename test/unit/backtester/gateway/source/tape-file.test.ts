import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { TimeRange } from '../../../../../backtester/gateway/source/source.ts'
import { tapeFile } from '../../../../../backtester/gateway/source/tape-file.ts'
import { readRecords } from '../../../../../db/tape/reader.ts'
import { writeTape } from '../../../../../db/tape/writer.ts'
import type { TapeRecord } from '../../../../../market/tick.ts'
import { OPEN_US, quoteAt, SECOND_US, tapeOf } from '../../../../support/gateway/gateway-tape.ts'

let folder: string
let path: string
/** More than two blocks of a tape, a quote a second. */
const RECORDS = tapeOf(Array.from({ length: 10_000 }, (_, i) => quoteAt(i * SECOND_US, 0, [70, i])))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-source-'))
  path = join(folder, 'long.tape')
  await writeTape(path, { source: 'collector', sessionId: 77 }, [RECORDS])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(within?: TimeRange): Promise<{ records: TapeRecord[]; sessionIds: Set<number> }> {
  const records: TapeRecord[] = []
  const sessionIds = new Set<number>()
  for await (const chunk of tapeFile(path).records(within)) {
    expect(chunk.records.length).toBeGreaterThan(0)
    sessionIds.add(chunk.sessionId)
    records.push(...chunk.records)
  }
  return { records, sessionIds }
}

describe('a tape file as a source', () => {
  it('gives every record of the file in order, of the session that its header names', async () => {
    const expected: TapeRecord[] = []
    for await (const block of readRecords(path)) expected.push(...block)
    const { records, sessionIds } = await read()
    expect(records).toEqual(expected)
    expect(records).toHaveLength(RECORDS.length)
    expect([...sessionIds]).toEqual([77])
  })

  it('gives all records of a range, and leaves out blocks that have none', async () => {
    const within = { fromTsUs: OPEN_US + 5000 * SECOND_US, toTsUs: OPEN_US + 5010 * SECOND_US }
    const { records } = await read(within)
    const inside = (all: readonly TapeRecord[]) => all.filter(({ tsUs }) => tsUs >= within.fromTsUs && tsUs <= within.toTsUs)
    expect(inside(records).map(({ seq }) => seq)).toEqual(inside(RECORDS).map(({ seq }) => seq))
    expect(inside(records)).toHaveLength(11)
    expect(records.length).toBeLessThan(RECORDS.length / 2)
  })

  it('can be read several times at once', async () => {
    const [first, second] = await Promise.all([read(), read()])
    expect(first.records).toEqual(second.records)
  })

  it('refuses what is no tape', async () => {
    const missing = tapeFile(join(folder, 'none.tape')).records()[Symbol.asyncIterator]()
    await expect(missing.next()).rejects.toMatchObject({ name: 'FeedError', code: 'tape-unreadable' })
  })
})
