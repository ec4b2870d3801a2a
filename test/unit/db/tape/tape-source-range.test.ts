import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readRecords } from '../../../../db/tape/reader.ts'
import { tapeSource } from '../../../../db/tape/tape-source.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import type { TimeRange } from '../../../../market/record-source.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { OPEN_US, quoteAt, SECOND_US, tapeOf } from '../../../support/gateway/gateway-tape.ts'

let folder: string
let path: string
/** More than is read from the file at once, in many blocks; a quote a second. */
const RECORDS = tapeOf(Array.from({ length: 80_000 }, (_, i) => quoteAt(i * SECOND_US, 0, [70, i])))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-source-'))
  path = join(folder, 'long.tape')
  await writeTape(path, { source: 'import', sessionId: 77 }, [RECORDS])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(within?: TimeRange): Promise<{ records: TapeRecord[]; sessionIds: Set<number> }> {
  const records: TapeRecord[] = []
  const sessionIds = new Set<number>()
  for await (const chunk of tapeSource(path).records(within)) {
    expect(chunk.records.length).toBeGreaterThan(0)
    sessionIds.add(chunk.sessionId)
    records.push(...chunk.records)
  }
  return { records, sessionIds }
}

/** Of many records: quicker to compare, and short when they differ. */
const digest = (records: readonly TapeRecord[]) => createHash('sha256').update(JSON.stringify(records)).digest('hex')

describe('a tape as a source, whole or in part', () => {
  it('gives every record of the file in order, of the session that its header names', async () => {
    const expected: TapeRecord[] = []
    for await (const block of readRecords(path)) expected.push(...block)
    const { records, sessionIds } = await read()
    expect(digest(records)).toBe(digest(expected))
    expect(records.slice(-10)).toEqual(expected.slice(-10))
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
    expect(digest(first.records)).toBe(digest(second.records))
    expect(first.records).toHaveLength(RECORDS.length)
  })
})
