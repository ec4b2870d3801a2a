import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import { readTapeMeta } from '../../../../db/tape/reader.ts'
import { BLOCK_HEAD_BYTES, decodeBlockHead } from '../../../../db/tape/file-layout.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { allBlocks, allRecords, META, quoteRecord, temporaryFolder } from './tape-support.ts'

const root = await temporaryFolder()

async function freshFolder(name: string): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  return folder
}

describe('writeTape', () => {
  it('writes all records in order, at most 4096 a block, each block its own sync', async () => {
    const path = join(root, 'a.tape')
    const records = Array.from({ length: 9000 }, (_, i) => quoteRecord(i + 1))
    expect(await writeTape(path, META, [records.slice(0, 5000), [], records.slice(5000)])).toBe(9000)

    expect(await allRecords(path)).toEqual(records)
    expect((await allBlocks(path)).map(({ records, batchNo, syncNo, syncIndex }) => [records, batchNo, syncNo, syncIndex])).toEqual([
      [4096, 0, 1, 0],
      [4096, 0, 2, 0],
      [808, 0, 3, 0],
    ])
  })

  it('closes the tape with an end mark, which is no block of records', async () => {
    const path = join(root, 'end.tape')
    await writeTape(path, META, [[quoteRecord(1), quoteRecord(2)]])
    expect(await readTapeMeta(path)).toEqual({ ...META, endMark: true })
    const bytes = await readFile(path)
    const mark = decodeBlockHead(bytes, bytes.length - BLOCK_HEAD_BYTES, 0)
    const lastTsUs = quoteRecord(2).tsUs
    expect(mark).toMatchObject({ payloadBytes: 0, records: 0, batchNo: 0, syncNo: 2, firstTsUs: lastTsUs, lastTsUs })
    expect(await allBlocks(path)).toHaveLength(1)
    await writeTape(path, META, [])
    expect(await allBlocks(path)).toEqual([])
    expect(await verifyTape(path)).toMatchObject({ ok: true, blocks: 0 })
  })

  it('replaces an older file', async () => {
    const path = join(root, 'b.tape')
    await writeFile(path, 'old')
    await writeTape(path, META, [[quoteRecord(1)]])
    expect(await allRecords(path)).toEqual([quoteRecord(1)])
  })

  it('closes a block before long texts make it too large for a reader', async () => {
    const path = join(root, 'c.tape')
    const long = { kind: 'config', seq: 1, tsUs: 1, config: { text: 'x'.repeat(500_000) } } as const
    await writeTape(path, META, [Array.from({ length: 40 }, (_, i) => ({ ...long, seq: i + 1 }))])
    expect((await allBlocks(path)).map(({ records }) => records)).toEqual([9, 9, 9, 9, 4])
  })

  it('leaves nothing behind, and the older file in place, when its records fail', async () => {
    const folder = await freshFolder('failing')
    const path = join(folder, 'a.tape')
    await writeFile(path, 'old')
    async function* failing(): AsyncGenerator<TapeRecord[]> {
      yield Array.from({ length: 5000 }, (_, i) => quoteRecord(i + 1))
      throw new Error('the source broke')
    }
    await expect(writeTape(path, META, failing())).rejects.toThrow('the source broke')
    expect(await readdir(folder)).toEqual(['a.tape'])
    expect(await readFile(path, 'utf8')).toBe('old')
  })

  it('refuses a folder that does not exist, and a name that is a folder', async () => {
    const folder = await freshFolder('refusing')
    await mkdir(join(folder, 'a.tape'))
    const refusal = (code: string) =>
      expect.objectContaining({ name: 'WriteError', code: 'tape-unwritable', message: expect.stringContaining(code) })
    await expect(writeTape(join(folder, 'absent', 'a.tape'), META, [])).rejects.toThrow(refusal('(ENOENT)'))
    await expect(writeTape(join(folder, 'a.tape'), META, [[quoteRecord(1)]])).rejects.toThrow(refusal('(EISDIR)'))
    expect(await readdir(folder)).toEqual(['a.tape'])
  })
})
