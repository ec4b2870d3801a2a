import { statSync } from 'node:fs'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { loadBlocks } from '../../../../collector/journal/batch.ts'
import { segmentName } from '../../../../collector/journal/directory.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import { readTapeMeta } from '../../../../db/tape/reader.ts'
import type { Statistic } from '../../../../market/tick.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import * as j from './journal-support.ts'

const NEVER = { batchRows: 1_000_000, batchMs: 600_000, fsyncMs: 600_000 }

describe('a batch', () => {
  it('closes at its size, and the rest when the journal is closed', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 4 })
    for (const record of [j.started(), j.contract(2), ...j.quotes(3, 10)]) journal.append(record)
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([
      [1, [1, 2, 3, 4]],
      [2, [5, 6, 7, 8]],
      [3, [9, 10]],
    ])
    expect(batches.map(({ ticks }) => ticks)).toEqual([2, 4, 2])
    expect(batches.map(({ sessionId }) => sessionId)).toEqual([j.SESSION_ID, j.SESSION_ID, j.SESSION_ID])
  })

  it('closes at its age', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchMs: 20 })
    for (const record of j.quotes(1, 3)) journal.append(record)
    await vi.waitFor(() => expect(batches).toHaveLength(1), PATIENTLY)
    journal.append(j.quote(4))
    await vi.waitFor(() => expect(batches).toHaveLength(2), PATIENTLY)
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([
      [1, [1, 2, 3]],
      [2, [4]],
    ])
  })

  it('closes at its age though its last block has been durable for long', async () => {
    const { sync, journal, batches } = await j.journalIn(await j.temporaryFolder(), { batchMs: 300 })
    await sync(j.quote(1))
    expect(batches).toEqual([])
    await vi.waitFor(() => expect(batches).toHaveLength(1), PATIENTLY)
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([[1, [1]]])
  })

  it('stays open beyond its age while batches wait for the database, and takes in what comes', async () => {
    let asked = 0
    let isBehind = true
    const behind = () => {
      asked++
      return isBehind
    }
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { batchMs: 20, isBehind: behind })
    journal.append(j.quote(1))
    await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(2), PATIENTLY)
    journal.append(j.quote(2))
    expect(batches).toEqual([])
    isBehind = false
    await vi.waitFor(() => expect(batches).toHaveLength(1), PATIENTLY)
    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2]]])
    await journal.close()
  })

  it('may have several blocks, each durable long before it closes', async () => {
    const { sync, journal, batches, directory } = await j.journalIn(await j.temporaryFolder(), { batchRows: 5 })
    await sync(...j.quotes(1, 2))
    await sync(...j.quotes(3, 4))
    expect(batches).toEqual([])
    await sync(...j.quotes(5, 6))
    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2, 3, 4, 5]]])
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([
      [1, [1, 2, 3, 4, 5]],
      [2, [6]],
    ])
    expect((await j.blocksIn(directory)).map(({ batchNo, seqs }) => [batchNo, seqs])).toEqual([
      [1, [1, 2]],
      [1, [3, 4]],
      [1, [5]],
      [2, [6]],
    ])
  })

  it('is handed out only when all of it is durable', async () => {
    const handle = await j.fileHandlePrototype()
    const datasync = handle.datasync as () => Promise<void>
    let syncedBytes = 0
    handle.datasync = async function (this: { stat(): Promise<{ size: number }> }) {
      const { size } = await this.stat()
      await datasync.call(this)
      syncedBytes = size
    }
    onTestFinished(() => {
      handle.datasync = datasync
    })
    const ends: number[] = []
    const { journal } = await j.journalIn(await j.temporaryFolder(), {
      ...NEVER,
      batchRows: 10,
      onBatch({ blocks }) {
        for (const { segment, offset, bytes } of blocks) {
          ends.push(offset + bytes)
          expect(statSync(segment.path).size).toBeGreaterThanOrEqual(offset + bytes)
          expect(syncedBytes).toBeGreaterThanOrEqual(offset + bytes)
        }
      },
    })
    for (let i = 0; i < 5; i++) {
      for (const record of j.quotes(10 * i + 1, 10 * i + 10)) journal.append(record)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await journal.close()

    expect(ends).toHaveLength(5)
  })

  it('knows when its first record came', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 2 })
    const before = performance.now()
    journal.append(j.quote(1))
    const after = performance.now()
    journal.append(j.quote(2))
    await journal.close()

    expect(batches[0]?.openedMs).toBeGreaterThanOrEqual(before)
    expect(batches[0]?.openedMs).toBeLessThanOrEqual(after)
  })
})

describe('a sync', () => {
  it('makes all blocks that wait durable with one write', async () => {
    const handle = await j.fileHandlePrototype()
    const { writev, datasync } = handle as { writev: (buffers: Buffer[]) => Promise<unknown>; datasync: () => Promise<void> }
    const log: string[] = []
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    let syncs = 0
    handle.writev = function (this: unknown, ...args: [Buffer[]]) {
      log.push(`write ${args[0].length}`)
      return writev.apply(this, args)
    }
    handle.datasync = async function (this: unknown) {
      log.push('sync')
      // The header's sync is the first; the second is that of the first block.
      if (++syncs === 2) await held
      return datasync.call(this)
    }
    onTestFinished(() => {
      Object.assign(handle, { writev, datasync })
    })
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 2 })
    for (const record of j.quotes(1, 2)) journal.append(record)
    await vi.waitFor(() => expect(syncs).toBe(2), PATIENTLY)
    for (const record of j.quotes(3, 12)) journal.append(record)
    expect(batches).toEqual([])
    release()
    await journal.close()

    expect(log).toEqual(['write 1', 'sync', 'write 1', 'sync', 'write 5', 'sync'])
    expect(batches.map(({ batchNo }) => batchNo)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('begins on its own when a record has waited for long enough', async () => {
    const { journal, syncs, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, fsyncMs: 20 })
    journal.append(j.quote(1))
    expect(syncs).toEqual([])
    await vi.waitFor(() => expect(syncs).toHaveLength(1), PATIENTLY)
    expect(batches).toEqual([])
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([[1, [1]]])
  })

  it('reports how much it wrote', async () => {
    const { sync, journal, syncs, directory } = await j.journalIn(await j.temporaryFolder())
    await sync(...j.quotes(1, 3))
    await journal.close()
    const [block] = await j.blocksIn(directory)

    expect(syncs).toEqual([{ bytes: (block?.end ?? 0) - (block?.offset ?? 0), seconds: expect.any(Number) }])
  })
})

describe('a journal', () => {
  it('to which nothing is appended leaves nothing behind', async () => {
    const folder = await j.temporaryFolder()
    const { journal, batches } = await j.journalIn(folder)
    await journal.close()

    expect(batches).toEqual([])
    expect(await j.segmentsIn(folder)).toEqual([])
  })

  it('makes its folder', async () => {
    const folder = join(await j.temporaryFolder(), 'data', 'journal')
    const { journal } = await j.journalIn(folder)
    journal.append(j.quote(1))
    await journal.close()

    expect(await j.segmentsIn(folder)).toEqual([segmentName(j.SESSION_ID, 1)])
  })

  it('refuses a record that no tape takes, and keeps the others', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 3 })
    const endless: Statistic = { kind: 'statistic', seq: 2, tsUs: 2, instrument: 0, name: 'news', text: 'x'.repeat(600_000) }
    journal.append(j.quote(1))
    expect(() => journal.append(endless)).toThrow(RangeError)
    for (const record of j.quotes(3, 4)) journal.append(record)
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([[1, [1, 3, 4]]])
    expect(batches[0]?.ticks).toBe(3)
  })
})

describe('segments', () => {
  it('end at their size and are closed when the next one has durable rows', async () => {
    const { sync, journal, closedSegments, directory, batches } = await j.journalIn(await j.temporaryFolder(), {
      segmentBytes: 1,
      batchRows: 3,
    })
    await sync(...j.quotes(1, 3))
    expect(closedSegments).toEqual([])
    await sync(...j.quotes(4, 6))
    expect(closedSegments.map(({ path }) => path)).toEqual([join(directory, segmentName(j.SESSION_ID, 1))])
    await sync(...j.quotes(7, 9))
    await journal.close()

    expect(await j.segmentsIn(directory)).toEqual([1, 2, 3].map((n) => segmentName(j.SESSION_ID, n)))
    expect(closedSegments).toEqual(
      [1, 2, 3].map((n) => ({
        ...closedSegments[n - 1],
        path: join(directory, segmentName(j.SESSION_ID, n)),
        uncommitted: 1,
        closed: true,
      })),
    )
    expect(batches.map(({ blocks }) => blocks.map(({ segment }) => segment))).toEqual(closedSegments.map((segment) => [segment]))
  })

  it('count each batch that reaches into them once', async () => {
    const { sync, journal, closedSegments } = await j.journalIn(await j.temporaryFolder(), { segmentBytes: 500, batchRows: 4 })
    await sync(...j.quotes(1, 2))
    await sync(...j.quotes(3, 5))
    await sync(...j.quotes(6, 7))
    await journal.close()

    // Batch 1 is in the first; batch 2 begins there and reaches into the second.
    expect(closedSegments.map(({ uncommitted }) => uncommitted)).toEqual([2, 1])
  })

  it('begin with what holds from before: contracts, settings and the lines that are open', async () => {
    const { sync, journal, directory } = await j.journalIn(await j.temporaryFolder(), { segmentBytes: 1 })
    const config = { kind: 'config', seq: 2, tsUs: j.BASE_US + 2, config: { rules: { maxSpreadPercent: 50 } } } as const
    const first = [j.started(), config, j.contract(3), j.contract(4, 1), j.opened(5), j.opened(6, 1), j.quote(7)]
    const second = [j.closed(8, 5), j.contract(9, 2), j.opened(10, 2), j.quote(11, 2)]
    const third = [j.quote(12, 1)]
    await sync(...first)
    await sync(...second)
    await sync(...third)
    await journal.close()

    const paths = (await j.segmentsIn(directory)).map((name) => join(directory, name))
    const [one, two, three] = await Promise.all(paths.map(j.segmentRecords))
    expect(one).toEqual(first)
    expect(two).toEqual([config, j.contract(3), j.contract(4, 1), j.opened(5), j.opened(6, 1), ...second])
    expect(three).toEqual([config, j.contract(3), j.contract(4, 1), j.opened(6, 1), j.contract(9, 2), j.opened(10, 2), ...third])
    for (const [i, path] of paths.entries()) {
      expect(await verifyTape(path)).toMatchObject({ ok: true, problems: [] })
      const continued = i === 0 ? {} : { continuesBatch: true }
      expect(await readTapeMeta(path)).toEqual({ source: 'collector', sessionId: j.SESSION_ID, segment: i + 1, ...continued })
    }
    expect((await j.blocksIn(directory)).map(({ batchNo, syncNo }) => [batchNo, syncNo])).toEqual([
      [1, 1],
      [0, 1],
      [1, 2],
      [0, 1],
      [1, 2],
    ])
  })
})

describe('a gap that is open', () => {
  it('is repeated by every segment until a gap over all lines covers it', async () => {
    const { sync, journal, directory } = await j.journalIn(await j.temporaryFolder(), { segmentBytes: 1 })
    await sync(j.started(), j.interrupted(2, 1))
    await sync(j.gap(3, 1, 7))
    await sync(j.gap(4, 1))
    await sync(j.quote(5))
    await journal.close()
    const preambles = (await j.blocksIn(directory)).filter(({ batchNo }) => batchNo === 0)

    expect(preambles.map(({ path, seqs }) => [path, seqs])).toEqual([2, 3].map((n) => [join(directory, segmentName(j.SESSION_ID, n)), [2]]))
  })
})

describe('the memory of a journal', () => {
  it('keeps 64 MiB of payloads for the writer, and has the rest read back from the disk', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 8 })
    const text = 'x'.repeat(500_000)
    const append = (from: number, to: number) => {
      for (let seq = from; seq <= to; seq++)
        journal.append({ kind: 'statistic', seq, tsUs: j.BASE_US + seq, instrument: 0, name: 'n', text })
    }
    append(1, 160)
    await vi.waitFor(() => expect(batches).toHaveLength(20), { timeout: 9000 })

    const kept = batches.filter(({ blocks }) => blocks.every(({ payload }) => payload !== undefined))
    const bytes = kept.reduce((sum, { blocks }) => sum + blocks.reduce((all, { payload }) => all + (payload?.length ?? 0), 0), 0)
    const perBatch = bytes / kept.length
    expect(bytes).toBeLessThanOrEqual(64 << 20)
    expect(bytes + perBatch).toBeGreaterThan(64 << 20)
    expect(kept).toEqual(batches.slice(0, kept.length))
    for (const batch of [batches[0], batches.at(-1)]) {
      const seqs = batch && (await j.seqsOf(batch))
      expect(seqs).toEqual(Array.from({ length: 8 }, (_, i) => ((batch?.batchNo ?? 0) - 1) * 8 + i + 1))
    }

    // What the writer gives back is there for what follows.
    journal.released(perBatch)
    append(161, 176)
    await journal.close()
    expect(batches.slice(20).map(({ blocks }) => blocks[0]?.payload !== undefined)).toEqual([true, false])
  })

  it('does not grow by the blocks of a batch that are only on the disk', async () => {
    const { journal, batches } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 130, fsyncMs: 1 })
    const append = (seq: number, length: number) =>
      journal.append({ kind: 'statistic', seq, tsUs: j.BASE_US + seq, instrument: 0, name: 'n', text: 'x'.repeat(length) })
    // Nearly all that is kept in memory; the second batch takes the rest, in blocks of one tick each as the third.
    for (let seq = 1; seq <= 130; seq++) append(seq, 500_000)
    for (let seq = 131; seq <= 390; seq++) {
      append(seq, 40_000)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await journal.close()
    const [, second, third] = batches

    expect(second?.blocks.length).toBeGreaterThan(1)
    expect(third?.blocks).toHaveLength(1)
    expect(third && (await j.seqsOf(third))).toEqual(Array.from({ length: 130 }, (_, i) => 261 + i))
  })
})

describe('what is read back from a segment', () => {
  const FOUR = { ...NEVER, fsyncMs: 1, batchRows: 8 }

  /** A batch of four blocks of two quotes each, with nothing of it in memory any more. */
  async function unloaded() {
    const watched = await j.journalIn(await j.temporaryFolder(), FOUR)
    for (const seq of [1, 3, 5, 7]) await watched.sync(...j.quotes(seq, seq + 1))
    await watched.journal.close()
    const [batch] = watched.batches
    const blocks = await j.blocksIn(watched.directory)
    const path = blocks[0]?.path
    if (!batch || !path) throw new Error('no batch')
    const recovered = (await j.recoverOne(watched.directory)).batches[0]
    if (!recovered) throw new Error('no batch was recovered')
    expect(recovered.blocks).toHaveLength(1)
    expect((await loadBlocks(recovered)).damaged).toEqual([])
    return { batch: recovered, path, blocks }
  }

  const change = async (path: string, at: number, change: (bytes: Buffer) => void) => {
    const bytes = await readFile(path)
    change(bytes.subarray(at))
    await writeFile(path, bytes)
  }

  it.each([
    ['a byte of its payload is another one', 70],
    ['a byte of its head is another one', 8],
    ['its checksum is another one', 40],
    ['its batch number is another one', 12],
  ])('is left out and named when %s; the rest of the batch is there', async (_, at) => {
    const { batch, path, blocks } = await unloaded()
    await change(path, (blocks[1]?.offset ?? 0) + at, (bytes) => bytes.writeUInt8(bytes.readUInt8(0) ^ 1))
    const { damaged } = await loadBlocks(batch)

    expect(damaged).toEqual([
      {
        segment: batch.blocks[0]?.segment,
        reason: 'blocks fail their checksum',
        records: 2,
        ticks: 2,
        firstSeq: 3,
        fromTsUs: j.BASE_US + 2,
        toTsUs: j.BASE_US + 5,
      },
    ])
    const gap = { kind: 'gap', seq: 3, tsUs: j.BASE_US + 3, fromTsUs: j.BASE_US + 2, toTsUs: j.BASE_US + 5, cause: 'journal-damaged' }
    const [one, two, ...rest] = await j.recordsOf(batch)
    expect([one, two]).toMatchObject(j.quotes(1, 2))
    expect(rest).toMatchObject([{ ...gap, droppedTicks: 2 }, ...j.quotes(5, 8)])
  })

  it('is no block that was written for another place, whole as it is', async () => {
    const { batch, path, blocks } = await unloaded()
    const [first, second] = blocks
    const bytes = await readFile(path)
    bytes.copy(bytes, second?.offset, first?.offset, first?.end)
    await writeFile(path, bytes)

    expect((await loadBlocks(batch)).damaged).toMatchObject([{ firstSeq: 3, records: 2 }])
    expect(await j.seqsOf(batch)).toEqual([1, 2, 3, 5, 6, 7, 8])
  })

  it('ends where the file ends, and its first block may be the damaged one', async () => {
    const { batch, path, blocks } = await unloaded()
    await truncate(path, (blocks[3]?.end ?? 0) - 1)
    await change(path, (blocks[0]?.offset ?? 0) + 60, (bytes) => bytes.fill(0, 0, 30))
    const { damaged } = await loadBlocks(batch)

    expect(damaged.map(({ firstSeq, records, fromTsUs, toTsUs }) => [firstSeq, records, fromTsUs - j.BASE_US, toTsUs - j.BASE_US])).toEqual(
      [
        [1, 2, 0, 3],
        [7, 2, 6, 8],
      ],
    )
    expect(damaged.reduce((sum, { ticks }) => sum + ticks, 0)).toBe(4)
  })

  it('is all lost with its file, once that is not waited for any more', async () => {
    const { batch, path } = await unloaded()
    await rm(path)

    await expect(loadBlocks(batch, false)).rejects.toThrow('ENOENT')
    expect((await loadBlocks(batch)).damaged).toMatchObject([
      { firstSeq: 1, records: 8, ticks: 8, reason: expect.stringContaining('ENOENT') },
    ])
  })
})
