/** A tape that was written in one go shows every cut and every other byte, wherever it falls. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTapeInfo } from '../../../../cli/tape-report.ts'
import { tapeInfo, verifyTape } from '../../../../db/tape/inspect.ts'
import { readBlocks } from '../../../../db/tape/reader.ts'
import { tapeSource } from '../../../../db/tape/tape-source.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import { FeedError } from '../../../../market/errors.ts'
import { contractRecord, quoteRecord, temporaryFolder } from '../../../unit/db/tape/tape-support.ts'

const LONG_MS = 60_000

const folder = await temporaryFolder()
const path = join(folder, 'a.tape')
const long = { kind: 'config', seq: 2, tsUs: contractRecord(1).tsUs, config: { text: 'x'.repeat(500_000) } } as const
// Nine of these fill a block, so that there are three.
const records = [contractRecord(1), ...Array.from({ length: 18 }, (_, i) => ({ ...long, seq: i + 2 })), quoteRecord(30), quoteRecord(31)]
await writeTape(path, { source: 'import', description: 'three blocks' }, [records])
const large = await readFile(path)
const ends: number[] = []
for await (const { offset, payloadBytes } of readBlocks(path)) ends.push(offset + 48 + payloadBytes)
await writeTape(path, { source: 'import' }, [records.filter(({ kind }) => kind !== 'config')])
const small = await readFile(path)

/** True when `verify` is content. */
async function isSound(bytes: Buffer): Promise<boolean> {
  await writeFile(path, bytes)
  try {
    return (await verifyTape(path)).ok
  } catch (error) {
    expect(error).toBeInstanceOf(FeedError)
    return false
  }
}

describe('a tape with an end mark', () => {
  it('is sound as it was written', async () => {
    expect([await isSound(small), await isSound(large)]).toEqual([true, true])
    expect(ends).toHaveLength(3)
  })

  it(
    'is found to be cut at any byte, or longer than it was',
    async () => {
      for (let length = 0; length < small.length; length++) expect(await isSound(small.subarray(0, length)), `${length} bytes`).toBe(false)
      for (const end of ends) expect(await isSound(large.subarray(0, end)), `cut at ${end}`).toBe(false)
      expect(await isSound(Buffer.concat([small, Buffer.from('more')]))).toBe(false)
      expect(await isSound(Buffer.concat([small, small.subarray(small.length - 48)]))).toBe(false)
    },
    LONG_MS,
  )

  it(
    'is found to have another byte anywhere',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const bad = Buffer.from(small)
          bad[at] = (bad[at] ?? 0) ^ change
          expect(await isSound(bad)).toBe(false)
        }),
        { numRuns: 2000 },
      )
    },
    LONG_MS,
  )

  it('that is cut between two blocks gives what is there, and then refuses to be whole', async () => {
    await writeFile(path, large.subarray(0, ends[1]))
    const read = async (onTorn?: () => void) => {
      let count = 0
      let failure: unknown
      try {
        for await (const { records } of tapeSource(path, { onTorn }).records()) count += records.length
      } catch (error) {
        failure = error
      }
      return { count, failure }
    }
    const cut = await read()
    expect(cut.failure).toMatchObject({ name: 'FeedError', code: 'tape-torn' })
    expect(cut.count).toBeLessThan(records.length)
    let torn = 0
    expect(await read(() => torn++)).toEqual({ count: cut.count, failure: undefined })
    expect(torn).toBe(1)
    expect(formatTapeInfo(await tapeInfo(path))).toContain(`cut at byte ${ends[1]?.toLocaleString('en-US')}, without an end mark`)
  })
})
